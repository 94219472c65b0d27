use kernel::{RefundId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::api::given;
use crate::store::redirection::Filter;
use crate::{App, store, wire};

/// Answers redirections within the caller's reach.
#[tracing::instrument(name = "payments.list_redirections", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListRedirectionsRequest,
) -> Result<pb::ListRedirectionsResponse, Error> {
    let page = Page::<(Timestamp, Uuid)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        refund: given(&request.refund_id, |id| RefundId::parse("refund_id", id))?,
        state: wire::redirection::state(request.state()),
    };
    let mut tx = app.begin(caller).await?;
    let rows = store::redirection::list(&mut tx, caller.studios(), &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.proposed_at, row.id));
    Ok(pb::ListRedirectionsResponse {
        redirections: rows.iter().map(wire::redirection::redirection).collect(),
        next_page_token,
    })
}
