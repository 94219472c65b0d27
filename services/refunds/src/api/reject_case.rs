use kernel::RefundCaseId;
use platform::{Caller, Claim, Error};
use proto::studio::refunds::v1 as pb;

use super::assign_case::locked;
use super::{said, words};
use crate::domain::case::Decision;
use crate::{App, facts, store};

/// Refuses a case with its reason.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RejectCaseRequest,
) -> Result<pb::RejectCaseResponse, Error> {
    let id = RefundCaseId::parse("case_id", &request.case_id)?;
    let reason = words::reject_reason(request.reason())?;
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id, request.version).await?;
    let decision = Decision {
        by,
        at: app.clock.now(),
        note: said::note(app, &mut tx, &case, &request.note).await?,
    };
    let case = case.reject(decision, reason)?;
    store::cases::save(&mut tx, &case).await?;
    tx.publish(facts::rejected(&case, reason)).await?;
    let state = pb::CaseState::from(&case.state).into();
    tx.commit(pb::RejectCaseResponse {
        state,
        version: case.version,
    })
    .await
}
