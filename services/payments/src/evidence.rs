//! The one place where what a channel states becomes true here. Callback, poll
//! and the answer to a request of ours all end in [`apply`], whichever comes
//! first; the others then find it done.

use kernel::AttemptId;
use platform::{Error, NewTask, SystemTx};

use crate::channel::Paid;
use crate::domain::attempt::{Attempt, State, Step};
use crate::domain::evidence::{Cause, Evidence, Meaning, Mismatch, weigh};
use crate::domain::intent::{self, Intent};
use crate::domain::isolated::IsolatedMoney;
use crate::domain::payment::Payment;
use crate::domain::receipt::{self, Receipt};
use crate::reactions::kinds;
use crate::store::callback::{Contradiction, Source};
use crate::{App, facts, store};

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
    match evidence {
        Evidence::Opened { code_url } => opened(tx, &intent, &attempt, code_url).await,
        Evidence::Refused { code } => {
            ended(app, tx, &intent, &attempt, Step::Refuse { code: code.clone() }).await
        }
        Evidence::Closed => ended(app, tx, &intent, &attempt, Step::Close).await,
        Evidence::Paid(paid) => money(app, tx, &intent, &attempt, paid, source).await,
    }
}

async fn opened(
    tx: &mut SystemTx,
    intent: &Intent,
    attempt: &Attempt,
    code_url: &str,
) -> Result<Applied, Error> {
    if attempt.state != State::Creating {
        return Ok(Applied::NoEffect);
    }
    let attempt = attempt.take(Step::Open {
        code_url: code_url.to_owned(),
    })?;
    store::attempt::save_state(tx, &attempt).await?;
    tx.publish(facts::attempt_opened(&attempt, intent)).await?;
    Ok(Applied::Changed)
}

/// The attempt can no longer be paid; the intent ends with it when its own
/// time is over.
async fn ended(
    app: &App,
    tx: &mut SystemTx,
    intent: &Intent,
    attempt: &Attempt,
    step: Step,
) -> Result<Applied, Error> {
    let concerns = match step {
        // a waiting attempt was confirmed, so a refusal that comes after is not about it
        Step::Refuse { .. } => matches!(attempt.state, State::Creating | State::Closing { .. }),
        _ => attempt.state.is_live(),
    };
    if !concerns {
        return Ok(Applied::NoEffect);
    }
    store::attempt::save_state(tx, &attempt.take(step)?).await?;
    if intent.claim.expire_at <= app.clock.now() {
        expire(tx, intent).await?;
    }
    Ok(Applied::Changed)
}

/// Ends an open intent of which nothing can be paid any more.
pub async fn expire(tx: &mut SystemTx, intent: &Intent) -> Result<(), Error> {
    if intent.state != intent::State::Open {
        return Ok(());
    }
    let expired = intent.take(intent::Step::Expire)?;
    store::intent::save_state(tx, &expired).await?;
    tx.publish(facts::intent_expired(&expired)).await
}

async fn money(
    app: &App,
    tx: &mut SystemTx,
    intent: &Intent,
    attempt: &Attempt,
    paid: &Paid,
    source: Source,
) -> Result<Applied, Error> {
    let channel = app.channel_of(attempt)?;
    match weigh(attempt, intent, channel.identity(), paid) {
        Meaning::Known => Ok(Applied::NoEffect),
        Meaning::Captures => capture(app, tx, intent, attempt, paid).await,
        Meaning::Isolates(cause) => isolate(app, tx, intent, attempt, paid, cause).await,
        Meaning::Contradicts(mismatch) => {
            tracing::error!(attempt.id = %attempt.id, mismatch = mismatch.word(), "a channel states what we never asked for");
            let found = Contradiction {
                channel: attempt.method.channel(),
                merchant: &attempt.merchant,
                source,
                number: &attempt.number,
                attempt: Some(attempt.id),
                why: mismatch.word(),
                stated: Some(paid),
                noted_at: app.clock.now(),
            };
            store::callback::quarantine(tx, &found).await?;
            Ok(Applied::Quarantined(mismatch))
        }
    }
}

/// The first money of an intent: payment, receipt and both facts, together.
async fn capture(
    app: &App,
    tx: &mut SystemTx,
    intent: &Intent,
    attempt: &Attempt,
    paid: &Paid,
) -> Result<Applied, Error> {
    let attempt = attempt.take(Step::Pay { at: paid.paid_at })?;
    let intent = intent.take(intent::Step::Pay)?;
    let payment = Payment::capture(&intent, &attempt, paid, app.clock.now());
    store::attempt::save_state(tx, &attempt).await?;
    store::intent::save_state(tx, &intent).await?;
    store::payment::insert(tx, &payment).await?;
    tx.publish(facts::payment_captured(&payment)).await?;

    let (series, year) = series(app, &payment);
    let count = store::receipt::next_number(tx, &series, year).await?;
    let receipt = Receipt::of(&payment, receipt::number(&series, year, count));
    store::receipt::insert(tx, &receipt).await?;
    tx.publish(facts::receipt_issued(&receipt)).await?;
    tracing::info!(payment.id = %payment.id, intent.id = %intent.id, "an intent was paid");
    Ok(Applied::Changed)
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
async fn isolate(
    app: &App,
    tx: &mut SystemTx,
    intent: &Intent,
    attempt: &Attempt,
    paid: &Paid,
    cause: Cause,
) -> Result<Applied, Error> {
    let attempt = attempt.take(Step::Isolate { at: paid.paid_at })?;
    let money = IsolatedMoney::of(&attempt, cause, paid, app.clock.now());
    store::attempt::save_state(tx, &attempt).await?;
    store::isolated::insert(tx, &money).await?;
    tx.publish(facts::money_isolated(&money, intent)).await?;
    tx.task(NewTask::now(kinds::RETURN_ISOLATED, money.id, &()))
        .await?;
    tracing::warn!(attempt.id = %attempt.id, cause = cause.word(), "money was isolated and goes back");
    Ok(Applied::Changed)
}
