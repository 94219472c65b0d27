use kernel::{PersonId, ReceiptId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::given;
use crate::store::receipt::Filter;
use crate::{App, store, wire};

/// Answers receipts within the caller's reach.
#[tracing::instrument(name = "payments.list_receipts", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListReceiptsRequest,
) -> Result<pb::ListReceiptsResponse, Error> {
    let page = Page::<(Timestamp, ReceiptId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        person: given(&request.person_id, |id| PersonId::parse("person_id", id))?,
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        number: given(&request.receipt_number, |text| Ok(text.to_owned()))?,
    };
    let mut tx = app.begin(caller).await?;
    let rows = store::receipt::list(&mut tx, caller.studios(), caller.person(), &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.issued_at, row.id));
    Ok(pb::ListReceiptsResponse {
        receipts: rows.iter().map(wire::receipt).collect(),
        next_page_token,
    })
}
