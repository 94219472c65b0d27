use kernel::ExceptionId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{keep, locked, shown};
use crate::App;
use crate::domain::exception::{EntryKind, Step};

/// Another person's word on a proposed remedy.
#[tracing::instrument(name = "payments.confirm_remedy", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ConfirmRemedyRequest,
) -> Result<pb::ConfirmRemedyResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let kept = locked(&mut tx, id).await?;
    let (step, kind) = if request.confirm {
        (Step::Confirm { by }, EntryKind::Decided)
    } else {
        (Step::Decline { by }, EntryKind::Declined)
    };
    let case = kept.step(by, step, app.clock.now())?;
    if kept.version != request.version {
        return Err(Error::version_conflict("exception"));
    }
    keep(app, &mut tx, &case, kind, (by, "")).await?;
    tx.commit(pb::ConfirmRemedyResponse {
        exception: shown(app, caller, &case),
    })
    .await
}
