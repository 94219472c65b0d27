use kernel::ExceptionId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{keep, locked, shown};
use crate::domain::exception::EntryKind;
use crate::{App, exceptions, facts, meters};

/// Begins a case anew whose answer does not hold.
#[tracing::instrument(name = "payments.reopen_exception", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReopenExceptionRequest,
) -> Result<pb::ReopenExceptionResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let (terms, now) = (&app.config.exceptions, app.clock.now());
    let kept = locked(&mut tx, id).await?;
    let case = kept.reopen(now, terms.due_at(kept.kind, now), terms.reopen_within())?;
    keep(app, &mut tx, &case, EntryKind::Reopened, (by, &request.text)).await?;
    tx.publish(facts::exception_opened(&case)).await?;
    tx.task(exceptions::timer(&case)).await?;
    meters::exception(case.kind.word());
    tx.commit(pb::ReopenExceptionResponse {
        exception: shown(app, caller, &case),
    })
    .await
}
