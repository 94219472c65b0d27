use kernel::RefundCaseId;
use platform::{Caller, Claim, Error};
use proto::studio::refunds::v1 as pb;

use super::assign_case::locked;
use crate::reactions::{record_refund, send_leg};
use crate::{App, facts, store};

/// Sends what bounced once more, as new tries, and names who answers for it.
/// With all money back it is the record that was stuck, and that goes on.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ResumeCaseRequest,
) -> Result<pb::ResumeCaseResponse, Error> {
    let id = RefundCaseId::parse("case_id", &request.case_id)?;
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id, request.version).await?;
    let legs = store::legs::of_case(&mut tx, id).await?;
    let (mut case, anew) = case.send_again(&legs, by)?;
    store::cases::save(&mut tx, &case).await?;
    tx.publish(facts::resumed(&case)).await?;
    for leg in &anew {
        store::legs::save(&mut tx, leg).await?;
        tx.task(send_leg::task(leg)).await?;
    }
    if let Some(settling) = case.clone().all_returned(&legs)? {
        store::cases::save(&mut tx, &settling).await?;
        tx.task(record_refund::task(&settling)).await?;
        case = settling;
    }
    let state = pb::CaseState::from(&case.state).into();
    tx.commit(pb::ResumeCaseResponse {
        state,
        version: case.version,
    })
    .await
}
