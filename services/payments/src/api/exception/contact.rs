use kernel::ExceptionId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{keep, locked, shown};
use crate::App;
use crate::domain::exception::EntryKind;

/// Writes down a talk with the member.
#[tracing::instrument(name = "payments.log_contact", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::LogContactRequest,
) -> Result<pb::LogContactResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id).await?.contacted(by)?;
    keep(app, &mut tx, &case, EntryKind::Contacted, (by, &request.text)).await?;
    tx.commit(pb::LogContactResponse {
        exception: shown(app, caller, &case),
    })
    .await
}
