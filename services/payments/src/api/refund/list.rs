use kernel::{PaymentId, RefundId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::given;
use crate::store::refund::Filter;
use crate::{App, store, wire};

/// Answers refunds within the caller's reach.
#[tracing::instrument(name = "payments.list_refunds", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListRefundsRequest,
) -> Result<pb::ListRefundsResponse, Error> {
    let page = Page::<(Timestamp, RefundId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        payment: given(&request.payment_id, |id| PaymentId::parse("payment_id", id))?,
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        state: wire::refund::state(request.state()),
        method: wire::method(request.method()),
    };
    let mut tx = app.begin(caller).await?;
    let rows = store::refund::list(&mut tx, caller.studios(), caller.person(), &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.created_at, row.id));
    Ok(pb::ListRefundsResponse {
        refunds: rows.iter().map(wire::refund::refund).collect(),
        next_page_token,
    })
}
