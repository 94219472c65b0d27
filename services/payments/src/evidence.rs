//! The one place where what a channel states becomes true here. Callback, poll
//! and the answer to a request of ours all end in [`apply`], whichever comes
//! first; the others then find it done.

use std::ops::DerefMut;

use kernel::AttemptId;
use platform::{Error, Fact, NewTask, SystemTx, WriteTx};
use proto::studio::payments::v1::PaymentsEvent;
use sqlx::PgConnection;

use crate::channel::Paid;
use crate::domain::attempt::Attempt;
use crate::domain::evidence::{Evidence, Mismatch, Verdict, decide};
use crate::domain::exception::Origin;
use crate::domain::intent::Intent;
use crate::domain::isolated::IsolatedMoney;
use crate::domain::payment::Payment;
use crate::domain::receipt::{self, Receipt};
use crate::domain::verification::Verification;
use crate::reactions::kinds;
use crate::store::callback::{Contradiction, Source};
use crate::{App, exceptions, facts, store};

/// What applying a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Changed,
    /// It was known, or says nothing about the state in which we are.
    NoEffect,
    Quarantined(Mismatch),
}

/// Applies a statement of a channel about one attempt, under the locks of its
/// intent and itself. Whoever calls commits.
pub async fn apply_channel_evidence(
    app: &App,
    tx: &mut SystemTx,
    id: AttemptId,
    evidence: &Evidence,
    source: Source,
) -> Result<Applied, Error> {
    let found = store::attempt::get(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("attempt"))?;
    let intent = store::intent::lock(tx, found.intent_id)
        .await?
        .ok_or_else(|| platform::inconsistent("attempts", "an attempt without its intent"))?;
    let attempt = store::attempt::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("attempt"))?;
    let ours = app.channel_of(&attempt)?.identity();
    match decide(&intent, &attempt, ours, evidence, app.clock.now())? {
        Verdict::NoEffect => return Ok(Applied::NoEffect),
        Verdict::Contradicts(mismatch) => {
            return contradicts(app, tx, &attempt, evidence, source, mismatch).await;
        }
        Verdict::Opened(attempt) => {
            store::attempt::save_state(tx, &attempt).await?;
            tx.publish(facts::attempt_opened(&attempt, &intent)).await?;
        }
        Verdict::Declined(attempt) => store::attempt::save_state(tx, &attempt).await?,
        Verdict::Ended { attempt, expired } => {
            store::attempt::save_state(tx, &attempt).await?;
            expire(tx, expired).await?;
            exceptions::nothing_came(app, tx, attempt.id).await?;
        }
        Verdict::Captured {
            attempt,
            intent,
            payment,
        } => {
            store::attempt::save_state(tx, &attempt).await?;
            capture(app, tx, &intent, &payment).await?;
            exceptions::credited(app, tx, attempt.id).await?;
        }
        Verdict::Isolated { attempt, money } => {
            store::attempt::save_state(tx, &attempt).await?;
            isolate(tx, &intent, &money).await?;
            exceptions::notice(app, tx, &attempt, money.cause.into(), Origin::IsolatedMoney).await?;
        }
    }
    Ok(Applied::Changed)
}

/// Ends an intent of which nothing can be paid any more.
pub async fn expire(tx: &mut SystemTx, expired: Option<Intent>) -> Result<(), Error> {
    let Some(expired) = expired else { return Ok(()) };
    store::intent::save_state(tx, &expired).await?;
    tx.publish(facts::intent_expired(&expired)).await
}

async fn contradicts(
    app: &App,
    tx: &mut SystemTx,
    attempt: &Attempt,
    evidence: &Evidence,
    source: Source,
    mismatch: Mismatch,
) -> Result<Applied, Error> {
    tracing::error!(attempt.id = %attempt.id, mismatch = mismatch.word(), "a channel states what we never asked for");
    let stated = match evidence {
        Evidence::Paid(paid) => Some(paid),
        Evidence::Opened { .. } | Evidence::Refused { .. } | Evidence::Declined | Evidence::Closed => None,
    };
    let found = Contradiction {
        channel: attempt.method.channel(),
        merchant: &attempt.merchant,
        source,
        number: &attempt.number,
        attempt: Some(attempt.id),
        why: mismatch.word(),
        stated,
        noted_at: app.clock.now(),
    };
    store::callback::quarantine(tx, &found).await?;
    Ok(Applied::Quarantined(mismatch))
}

/// Captures what a person took at a drawer, or two persons found in a bank's
/// statement, whose own word is the proof. The attempt was recorded in this
/// transaction and its intent is locked, so nothing but a capture can follow.
pub async fn apply_taken(
    app: &App,
    tx: &mut WriteTx,
    intent: &Intent,
    attempt: &Attempt,
    taken: Paid,
) -> Result<Attempt, Error> {
    let ours = taken.identity.clone();
    match decide(intent, attempt, &ours, &Evidence::Paid(taken), app.clock.now())? {
        Verdict::Captured {
            attempt,
            intent,
            payment,
        } => {
            store::attempt::save_state(tx, &attempt).await?;
            capture(app, tx, &intent, &payment).await?;
            Ok(attempt)
        }
        other => Err(Error::Internal(format!(
            "money that was taken was not captured: {other:?}"
        ))),
    }
}

/// A transaction that tells others what it made true.
trait Tells: DerefMut<Target = PgConnection> + Send {
    fn tell(&mut self, fact: Fact<PaymentsEvent>) -> impl Future<Output = Result<(), Error>> + Send;
    fn later(&mut self, task: NewTask) -> impl Future<Output = Result<(), Error>> + Send;
}

impl Tells for SystemTx {
    fn tell(&mut self, fact: Fact<PaymentsEvent>) -> impl Future<Output = Result<(), Error>> + Send {
        self.publish(fact)
    }

    fn later(&mut self, task: NewTask) -> impl Future<Output = Result<(), Error>> + Send {
        self.task(task)
    }
}

impl Tells for WriteTx {
    fn tell(&mut self, fact: Fact<PaymentsEvent>) -> impl Future<Output = Result<(), Error>> + Send {
        self.publish(fact)
    }

    fn later(&mut self, task: NewTask) -> impl Future<Output = Result<(), Error>> + Send {
        self.task(task)
    }
}

/// The first money of an intent: payment, receipt and both facts, together.
async fn capture(app: &App, tx: &mut impl Tells, intent: &Intent, payment: &Payment) -> Result<(), Error> {
    store::intent::save_state(tx, intent).await?;
    store::payment::insert(tx, payment).await?;
    if let Some(look) = Verification::of(payment, app.config.verifications.due_at(payment.captured_at)) {
        store::verification::insert(tx, &look).await?;
    }
    tx.tell(facts::payment_captured(payment)).await?;
    tx.later(NewTask::now(kinds::NAME_PAYER, payment.id, &())).await?;

    let (series, year) = series(app, payment);
    let count = store::receipt::next_number(tx, &series, year).await?;
    let receipt = Receipt::of(payment, receipt::number(&series, year, count));
    store::receipt::insert(tx, &receipt).await?;
    tx.tell(facts::receipt_issued(&receipt)).await?;
    tracing::info!(payment.id = %payment.id, intent.id = %intent.id, "an intent was paid");
    Ok(())
}

/// The series of the legal entity that collected and the year where it did.
fn series(app: &App, payment: &Payment) -> (String, i32) {
    let entity = payment.claim.legal_entity_id;
    let own = app
        .merchants
        .by_name(&payment.merchant)
        .map(|m| m.receipt_series.as_str())
        .unwrap_or_default();
    let series = if own.is_empty() {
        app.organisation()
            .node(entity.0.into())
            .map_or_else(|| entity.0.simple().to_string(), |node| node.code)
    } else {
        own.to_owned()
    };
    let zone = app
        .organisation()
        .studio(payment.claim.studio_id)
        .map_or(chrono_tz::Asia::Shanghai, |s| s.zone);
    (series, receipt::series_year(payment.captured_at, zone))
}

/// Money that the intent cannot take stands in suspense, and a task sends it
/// back without anybody asking.
async fn isolate(tx: &mut SystemTx, intent: &Intent, money: &IsolatedMoney) -> Result<(), Error> {
    store::isolated::insert(tx, money).await?;
    tx.publish(facts::money_isolated(money, intent)).await?;
    tx.task(NewTask::now(kinds::RETURN_ISOLATED, money.id, &()))
        .await?;
    tracing::warn!(attempt.id = %money.attempt_id, cause = money.cause.word(), "money was isolated and goes back");
    Ok(())
}
