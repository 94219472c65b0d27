use std::collections::HashMap;

use kernel::{LegalEntityId, StudioId};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::domain::closure::Closure;
use crate::domain::limit::Place;
use crate::store::notice::Choice;
use crate::{App, store, wire};

/// Answers what the open studios within the caller's reach offer.
#[tracing::instrument(name = "payments.list_method_choices", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListMethodChoicesRequest,
) -> Result<pb::ListMethodChoicesResponse, Error> {
    let page = Page::<StudioId>::parse(request.page_size, &request.page_token)?;
    let mut studios: Vec<StudioId> = app
        .organisation()
        .studios()
        .into_iter()
        .filter(|studio| !studio.closed && caller.may_reach(studio.id))
        .map(|studio| studio.id)
        .filter(|id| page.after().is_none_or(|after| id > after))
        .collect();
    studios.sort_unstable();
    let mut tx = app.begin(caller).await?;
    let all = store::notice::choices(&mut tx, &studios, app.clock.now()).await?;
    let rows: Vec<Choice> = all
        .into_iter()
        .filter(|choice| !request.without_choice_only || choice.is_none())
        .take(usize::try_from(page.limit()).unwrap_or(usize::MAX))
        .collect();
    let (rows, next_page_token) = page.cut(rows, |choice| choice.studio);
    let entity_of: HashMap<StudioId, LegalEntityId> = app
        .organisation()
        .studios()
        .into_iter()
        .map(|studio| (studio.id, studio.legal_entity))
        .collect();
    let places: Vec<Uuid> = rows
        .iter()
        .flat_map(|row| [Some(row.studio.0), entity_of.get(&row.studio).map(|e| e.0)])
        .flatten()
        .collect();
    let closures = store::closure::standing(&mut tx, &places).await?;
    let choices = rows.iter().map(|row| {
        let entity = entity_of.get(&row.studio).copied();
        wire::choice(row, &closures_of(&closures, row.studio, entity))
    });
    Ok(pb::ListMethodChoicesResponse {
        choices: choices.collect(),
        next_page_token,
    })
}

/// Those of a studio and its legal entity.
fn closures_of(closures: &[Closure], studio: StudioId, entity: Option<LegalEntityId>) -> Vec<Closure> {
    let here = |place| match place {
        Place::Everywhere => true,
        Place::Studio(closed) => closed == studio,
        Place::LegalEntity(closed) => Some(closed) == entity,
    };
    closures
        .iter()
        .filter(|closure| here(closure.place))
        .cloned()
        .collect()
}
