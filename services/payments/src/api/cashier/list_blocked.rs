use kernel::{BlockedStartId, PersonId, StudioId, Timestamp, from_proto_time};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::given;
use crate::domain::limit::Subject;
use crate::store::blocked::{self, Filter};
use crate::{App, wire};

/// Answers the attempts that limits did not let start.
#[tracing::instrument(name = "payments.list_blocked_starts", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListBlockedStartsRequest,
) -> Result<pb::ListBlockedStartsResponse, Error> {
    let page = Page::<(Timestamp, BlockedStartId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        person: given(&request.person_id, |id| PersonId::parse("person_id", id))?,
        subject: Subject::asked(request.subject()),
        from: from_proto_time(request.blocked_from.as_ref()),
        before: from_proto_time(request.blocked_before.as_ref()),
    };
    let mut tx = app.begin(caller).await?;
    let rows = blocked::list(&mut tx, caller.studios(), &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.at, row.id));
    Ok(pb::ListBlockedStartsResponse {
        blocked_starts: rows.iter().map(wire::cashier::blocked).collect(),
        next_page_token,
    })
}
