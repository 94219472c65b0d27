use kernel::{StudioId, TicketId};
use platform::page::Page;
use platform::{Caller, Error, Studios};
use proto::studio::access::v1::Role;
use proto::studio::oversight::v1 as pb;

use super::shown;
use crate::store::tickets::Filter;
use crate::{App, store};

/// A page of tickets within reach; a member's own are always among them.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListTicketsRequest,
) -> Result<pb::ListTicketsResponse, Error> {
    let page: Page<TicketId> = Page::parse(request.page_size, &request.page_token)?;
    let person = caller.require_person()?;
    let studio = match request.studio_id.as_str() {
        "" => None,
        id => Some(StudioId::parse("studio_id", id)?),
    };
    let filter = Filter {
        studios: match caller.studios() {
            Studios::All => None,
            Studios::Some(studios) => Some(studios.iter().map(|s| s.0).collect()),
        },
        owner: caller.has_role(Role::Member).then_some(person),
        studio,
        state: shown::state_word(request.state()),
        assignee: request.assigned_to_me.then_some(person),
    };

    let mut tx = app.begin(caller).await?;
    let rows = store::tickets::list(&mut tx, &filter, page.after().copied(), page.limit()).await?;
    let (rows, next_page_token) = page.cut(rows, |ticket| ticket.id);
    Ok(pb::ListTicketsResponse {
        tickets: rows.iter().map(shown::ticket).collect(),
        next_page_token,
    })
}
