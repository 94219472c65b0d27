use kernel::{DueId, PaymentId, PersonId, StudioId, Timestamp, from_proto_time};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::given;
use crate::store::payment::{Filter, Order};
use crate::{App, store, wire};

/// Answers payments within the caller's reach.
#[tracing::instrument(name = "payments.list_payments", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListPaymentsRequest,
) -> Result<pb::ListPaymentsResponse, Error> {
    let page = Page::<(Timestamp, PaymentId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        person: given(&request.person_id, |id| PersonId::parse("person_id", id))?,
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        legal_entity: None,
        due: given(&request.due_id, |id| DueId::parse("due_id", id))?,
        transaction: given(&request.channel_transaction, |text| Ok(text.to_owned()))?,
        from: from_proto_time(request.paid_from.as_ref()),
        before: from_proto_time(request.paid_before.as_ref()),
    };
    let mut tx = app.begin(caller).await?;
    let rows = store::payment::list(
        &mut tx,
        (caller.studios(), caller.person()),
        &filter,
        Order::LatestFirst,
        &page,
    )
    .await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.payment.paid_at, row.payment.id));
    Ok(pb::ListPaymentsResponse {
        payments: rows.iter().map(wire::payment).collect(),
        next_page_token,
    })
}
