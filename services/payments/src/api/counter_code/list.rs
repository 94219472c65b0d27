use kernel::{StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::api::given;
use crate::store::counter_code::{self, Filter};
use crate::{App, wire};

/// Answers codes within the caller's reach, those to be checked first.
#[tracing::instrument(name = "payments.list_codes", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListCodesRequest,
) -> Result<pb::ListCodesResponse, Error> {
    let page = Page::<(Timestamp, Uuid)>::parse(request.page_size, &request.page_token)?;
    let now = app.clock.now();
    let filter = Filter {
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        overdue_at: request.overdue.then_some(now),
        suspected: request.suspected,
        with_ended: request.with_ended,
    };
    let mut tx = app.begin(caller).await?;
    let rows = counter_code::list(&mut tx, caller.studios(), &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |code| (code.check_by, code.id));
    Ok(pb::ListCodesResponse {
        codes: rows
            .iter()
            .map(|code| wire::counter_code::code(code, now))
            .collect(),
        next_page_token,
    })
}
