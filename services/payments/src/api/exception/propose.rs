use kernel::{BadField, ExceptionId};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{keep, locked, shown};
use crate::App;
use crate::domain::exception::{EntryKind, Remedy, State, Step};

/// Says what puts a case right; what moves money waits for another person.
#[tracing::instrument(name = "payments.propose_remedy", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ProposeRemedyRequest,
) -> Result<pb::ProposeRemedyResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    let remedy = Remedy::asked(request.remedy()).ok_or_else(|| BadField::new("remedy", "must be given"))?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id).await?;
    let case = case.step(by, Step::Propose { by, remedy }, app.clock.now())?;
    let kind = match case.state {
        State::Proposed { .. } => EntryKind::Proposed,
        _ => EntryKind::Decided,
    };
    keep(app, &mut tx, &case, kind, (by, &request.text)).await?;
    tx.commit(pb::ProposeRemedyResponse {
        exception: shown(app, caller, &case),
    })
    .await
}
