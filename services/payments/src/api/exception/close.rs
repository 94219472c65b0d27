use kernel::ExceptionId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{keep, locked, shown};
use crate::domain::exception::{EntryKind, Step};
use crate::{App, facts};

/// Ends an answered case.
#[tracing::instrument(name = "payments.close_exception", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CloseExceptionRequest,
) -> Result<pb::CloseExceptionResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id).await?;
    let case = case.take(Step::Close, app.clock.now())?;
    keep(app, &mut tx, &case, EntryKind::Closed, (by, "")).await?;
    tx.publish(facts::exception_closed(&case)).await?;
    tx.commit(pb::CloseExceptionResponse {
        exception: shown(app, caller, &case),
    })
    .await
}
