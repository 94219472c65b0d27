//! How a try of a leg ended, told by the answer of the other side or by its
//! fact, whichever comes first.

use kernel::{RefundCaseId, RefundLegId};
use platform::{Error, NewTask, SystemTx, inconsistent};
use sqlx::PgConnection;

use super::record_refund;
use crate::domain::case::{State, Step};
use crate::domain::leg::{LegState, Outcome};
use crate::domain::{Case, Leg};
use crate::{facts, store};

/// A fact of payments. Refunds that others asked for are none of ours, and a
/// try that was given up long ago finds nothing.
pub async fn react(tx: &mut SystemTx, leg_id: &str, outcome: Outcome) -> Result<(), Error> {
    let sent_as = RefundLegId::parse("leg_id", leg_id)?.0;
    let Some((case, leg)) = store::legs::by_try(tx, sent_as).await? else {
        return Ok(());
    };
    let attempt = store::legs::of_case(tx, case)
        .await?
        .into_iter()
        .find(|l| l.id == leg)
        .map(|l| l.attempt);
    settle(tx, case, leg, attempt.unwrap_or_default(), &outcome).await
}

/// Ends the try, and moves the case with it.
pub async fn settle(
    tx: &mut SystemTx,
    case: RefundCaseId,
    leg: RefundLegId,
    attempt: i32,
    outcome: &Outcome,
) -> Result<(), Error> {
    let case = store::cases::lock(tx, case)
        .await?
        .ok_or_else(|| inconsistent("legs", "a leg of no case"))?;
    let legs = store::legs::of_case(tx, case.id).await?;
    let ours = legs.into_iter().find(|l| l.id == leg && l.attempt == attempt);
    let Some(leg) = ours.and_then(|leg| leg.end(outcome)) else {
        return Ok(());
    };
    store::legs::save(tx, &leg).await?;
    let case = under_way(tx, case).await?;
    match outcome {
        Outcome::Sent => Ok(()),
        Outcome::Returned => returned(tx, case, &leg).await,
        Outcome::Bounced { why } => bounced(tx, case, &leg, why).await,
    }
}

async fn under_way(tx: &mut SystemTx, case: Case) -> Result<Case, Error> {
    if !matches!(case.state, State::Approved(_)) {
        return Ok(case);
    }
    let case = case.take(Step::SendBack)?;
    store::cases::save(tx, &case).await?;
    Ok(case)
}

async fn returned(tx: &mut SystemTx, case: Case, leg: &Leg) -> Result<(), Error> {
    store::legs::count_returned(tx, leg).await?;
    tx.publish(facts::leg_returned(&case, leg)).await?;
    if let (_, Some(task)) = all_returned(tx, case).await? {
        tx.task(task).await?;
    }
    Ok(())
}

/// With the last leg back, the order and the card are told: the task to leave.
pub async fn all_returned(tx: &mut PgConnection, case: Case) -> Result<(Case, Option<NewTask>), Error> {
    let legs = store::legs::of_case(tx, case.id).await?;
    let back = legs.iter().all(|leg| leg.state == LegState::Returned);
    if !back || !matches!(case.state, State::Returning(_)) {
        return Ok((case, None));
    }
    let case = case.take(Step::AllReturned)?;
    store::cases::save(tx, &case).await?;
    let task = record_refund::task(&case);
    Ok((case, Some(task)))
}

async fn bounced(tx: &mut SystemTx, case: Case, leg: &Leg, why: &str) -> Result<(), Error> {
    tx.publish(facts::leg_bounced(&case, leg, why)).await?;
    if !matches!(case.state, State::Returning(_)) {
        return Ok(());
    }
    let case = case.take(Step::GetStuck { why: why.to_owned() })?;
    store::cases::save(tx, &case).await?;
    tx.publish(facts::stuck(&case, why)).await
}
