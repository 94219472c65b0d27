use kernel::{BadField, OrderId, PersonId, StudioId};
use platform::page::Page;
use platform::{Caller, Error, Studios};
use proto::studio::refunds::v1 as pb;

use super::{view, words};
use crate::store::cases::Filter;
use crate::{App, store};

/// A page of cases within the caller's reach, the oldest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListCasesRequest,
) -> Result<pb::ListCasesResponse, Error> {
    let page = Page::parse(request.page_size, &request.page_token)?;
    let filter = filter(caller, &request)?;

    let mut tx = app.begin(caller).await?;
    let found = store::cases::list(&mut tx, &filter, &page).await?;
    let (found, next_page_token) = page.cut(found, |case| case.id);
    let mut cases = Vec::with_capacity(found.len());
    for case in &found {
        cases.push(view::case(case, &store::legs::of_case(&mut tx, case.id).await?));
    }
    Ok(pb::ListCasesResponse {
        cases,
        next_page_token,
    })
}

fn filter(caller: &Caller, request: &pb::ListCasesRequest) -> Result<Filter, BadField> {
    let studio = match request.studio_id.as_str() {
        "" => None,
        id => Some(StudioId::parse("studio_id", id)?),
    };
    let person = match request.person_id.as_str() {
        "" => None,
        id => Some(PersonId::parse("person_id", id)?),
    };
    let order = match request.order_id.as_str() {
        "" => None,
        id => Some(OrderId::parse("order_id", id)?),
    };
    let reach = match caller.studios() {
        Studios::All => None,
        Studios::Some(studios) => Some(studios.iter().map(|id| id.0).collect()),
    };
    let own = caller.person().filter(|person| caller.reaches_own(*person));
    Ok(Filter {
        state: words::state_filter(request.state()),
        studio,
        person,
        order,
        reach,
        own,
    })
}
