use kernel::StudioId;
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

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
    Ok(pb::ListMethodChoicesResponse {
        choices: rows.iter().map(wire::choice).collect(),
        next_page_token,
    })
}
