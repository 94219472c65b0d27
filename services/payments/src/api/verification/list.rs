use kernel::{PaymentId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::given;
use crate::store::verification::Filter;
use crate::{App, store, wire};

/// Answers what the desk looked at, and has to, within the caller's reach.
#[tracing::instrument(name = "payments.list_verifications", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListVerificationsRequest,
) -> Result<pb::ListVerificationsResponse, Error> {
    let now = app.clock.now();
    let page = Page::<(Timestamp, PaymentId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        payment: given(&request.payment_id, |id| PaymentId::parse("payment_id", id))?,
        state: wire::verification::state_word(request.state()),
        overdue_at: request.overdue.then_some(now),
    };
    let mut tx = app.begin(caller).await?;
    let rows = store::verification::list(&mut tx, caller.studios(), caller.person(), &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.look.due_at, row.look.payment_id));
    Ok(pb::ListVerificationsResponse {
        verifications: rows
            .iter()
            .map(|row| wire::verification::verification(row, now))
            .collect(),
        next_page_token,
    })
}
