//! How a try of a leg ended, told by the answer of the other side or by its
//! fact, whichever comes first.

use kernel::{RefundCaseId, RefundLegId};
use platform::{Error, SystemTx, inconsistent};

use super::record_refund;
use crate::domain::case::Followed;
use crate::domain::leg::Outcome;
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
    id: RefundCaseId,
    leg: RefundLegId,
    attempt: i32,
    outcome: &Outcome,
) -> Result<(), Error> {
    let case = store::cases::lock(tx, id)
        .await?
        .ok_or_else(|| inconsistent("legs", format!("leg {leg} of the case {id}, which is not here")))?;
    let legs = store::legs::of_case(tx, case.id).await?;
    let Some(followed) = case.follow(&legs, leg, attempt, outcome)? else {
        return Ok(());
    };
    let Followed {
        leg,
        case,
        begun,
        then,
    } = followed;
    store::legs::save(tx, &leg).await?;
    if begun {
        store::cases::save(tx, &case).await?;
    }
    match outcome {
        Outcome::Sent => Ok(()),
        Outcome::Returned => returned(tx, &case, &leg, then).await,
        Outcome::Bounced { why } => bounced(tx, &case, &leg, why, then).await,
    }
}

async fn returned(tx: &mut SystemTx, case: &Case, leg: &Leg, settling: Option<Case>) -> Result<(), Error> {
    store::legs::count_returned(tx, leg).await?;
    tx.publish(facts::leg_returned(case, leg)).await?;
    match settling {
        Some(case) => {
            store::cases::save(tx, &case).await?;
            tx.task(record_refund::task(&case)).await
        }
        None => Ok(()),
    }
}

async fn bounced(
    tx: &mut SystemTx,
    case: &Case,
    leg: &Leg,
    why: &str,
    stuck: Option<Case>,
) -> Result<(), Error> {
    tx.publish(facts::leg_bounced(case, leg, why)).await?;
    match stuck {
        Some(case) => {
            store::cases::save(tx, &case).await?;
            tx.publish(facts::stuck(&case, why)).await
        }
        None => Ok(()),
    }
}
