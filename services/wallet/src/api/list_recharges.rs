use kernel::{BadField, PersonId, StudioId};
use platform::page::Page;
use platform::{Caller, Error, Studios};
use proto::studio::wallet::v1 as pb;

use super::{view, words};
use crate::store::recharges::Filter;
use crate::{App, store};

/// A page of recharges within the caller's reach, the oldest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListRechargesRequest,
) -> Result<pb::ListRechargesResponse, Error> {
    let page = Page::parse(request.page_size, &request.page_token)?;
    let filter = filter(caller, &request)?;

    let mut tx = app.begin(caller).await?;
    let recharges = store::recharges::list(&mut tx, &filter, &page).await?;

    let (recharges, next_page_token) = page.cut(recharges, |recharge| recharge.id);
    Ok(pb::ListRechargesResponse {
        recharges: recharges.iter().map(view::recharge).collect(),
        next_page_token,
    })
}

fn filter(caller: &Caller, request: &pb::ListRechargesRequest) -> Result<Filter, BadField> {
    let studio = match request.studio_id.as_str() {
        "" => None,
        id => Some(StudioId::parse("studio_id", id)?),
    };
    let person = match request.person_id.as_str() {
        "" => None,
        id => Some(PersonId::parse("person_id", id)?),
    };
    let reach = match caller.studios() {
        Studios::All => None,
        Studios::Some(studios) => Some(studios.iter().map(|id| id.0).collect()),
    };
    Ok(Filter {
        state: words::state_filter(request.state()),
        focus_only: request.focus_only,
        studio,
        person,
        reach,
        own: caller.person().filter(|person| caller.reaches_own(*person)),
    })
}
