use kernel::RefundCaseId;
use platform::{Caller, Claim, Error};
use proto::studio::refunds::v1 as pb;

use super::assign_case::locked;
use crate::domain::case::Decision;
use crate::reactions::send_leg;
use crate::{App, facts, store};

/// Lets the money go back: reserves it below the ceiling of every due, plans
/// the legs, and leaves a task for each.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ApproveCaseRequest,
) -> Result<pb::ApproveCaseResponse, Error> {
    let id = RefundCaseId::parse("case_id", &request.case_id)?;
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id, request.version).await?;
    let decision = Decision {
        by,
        at: app.clock.now(),
        note: request.note,
    };
    let (case, legs) = case.approve(decision, &request.subject_hash)?;

    store::legs::reserve(&mut tx, &case).await?;
    store::cases::save(&mut tx, &case).await?;
    store::legs::insert(&mut tx, &case, &legs).await?;
    for leg in &legs {
        tx.task(send_leg::task(leg)).await?;
    }
    tx.publish(facts::approved(&case)).await?;
    let state = pb::CaseState::from(&case.state).into();
    tx.commit(pb::ApproveCaseResponse {
        state,
        version: case.version,
        amount: Some(case.amount.into()),
    })
    .await
}
