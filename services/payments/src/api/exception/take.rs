use kernel::ExceptionId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{keep, locked, shown};
use crate::App;
use crate::domain::exception::{EntryKind, Step};

/// Makes the caller answer for a case.
#[tracing::instrument(name = "payments.take_exception", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::TakeExceptionRequest,
) -> Result<pb::TakeExceptionResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id).await?;
    let case = case.step(by, Step::Take { by }, app.clock.now())?;
    keep(app, &mut tx, &case, EntryKind::Taken, (by, "")).await?;
    tx.commit(pb::TakeExceptionResponse {
        exception: shown(app, caller, &case),
    })
    .await
}
