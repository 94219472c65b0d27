use kernel::RefundCaseId;
use platform::{Caller, Claim, Error};
use proto::studio::refunds::v1 as pb;
use sqlx::PgConnection;

use super::assign_case::locked;
use super::quote_refund::less_what_we_promised;
use super::said;
use crate::domain::case::Decision;
use crate::domain::{Case, Order, Refusal};
use crate::reactions::send_leg;
use crate::{App, facts, look, store};

/// Lets the money go back: reserves it below the ceiling of every due, plans
/// the legs, and leaves a task for each.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ApproveCaseRequest,
) -> Result<pb::ApproveCaseResponse, Error> {
    let id = RefundCaseId::parse("case_id", &request.case_id)?;
    let by = caller.require_person()?;
    let order = order_of(app, caller, id).await?;

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
    let (case, legs) = case.approve(decision, &request.subject_hash)?;
    still_due(&mut tx, &case, order).await?;

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

/// Order and card as they are now, read with no transaction open.
async fn order_of(app: &App, caller: &Caller, id: RefundCaseId) -> Result<Order, Error> {
    let case = {
        let mut tx = app.begin(caller).await?;
        store::cases::find(&mut tx, id)
            .await?
            .ok_or(Refusal::UnknownCase)?
    };
    look::order(app, case.order).await
}

/// The card stays usable while a case waits, so what was calculated at the
/// opening may be too much by now.
async fn still_due(tx: &mut PgConnection, case: &Case, mut order: Order) -> Result<(), Error> {
    less_what_we_promised(tx, &mut order).await?;
    let policy = match case.quote.policy {
        Some(id) => store::policies::find(tx, id).await?,
        None => None,
    };
    Ok(case.still_due(&order, policy.as_ref())?)
}
