//! What a channel's statement means for what we know. Callback and query both
//! end here, so that they cannot decide differently.

use chrono::Duration;
use kernel::{CURRENCY, Timestamp};

use super::OutOfOrder;
use super::attempt::{Attempt, Prompt, State, Step, Why};
use super::intent::{self, Intent};
use super::isolated::IsolatedMoney;
use super::payment::Payment;
use crate::channel::{Failure, Identity, Outcome, Paid, Retry};
use crate::words::{kept_words, words};

/// What is on its way to the channel arrives within this time; only then "nothing
/// by that number" means that nothing will be there.
const CREATE_MARGIN: Duration = Duration::seconds(60);

/// A statement of a channel about one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The payer is being asked.
    Opened {
        prompt: Prompt,
    },
    /// The channel refuses the attempt for good, or the payer does.
    Refused {
        code: String,
    },
    /// The payer did not agree; the channel wants the charge reversed all the same.
    Declined,
    /// It can no longer be paid.
    Closed,
    Paid(Paid),
}

kept_words! {
    /// Why money is isolated.
    Cause { Late = "late", Duplicate = "duplicate" }
}

words! {
    /// How a statement contradicts what we asked for.
    Mismatch {
        Number = "number",
        Merchant = "merchant",
        App = "app",
        Currency = "currency",
        Amount = "amount",
    }
}

/// What money means for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It is known already.
    Known,
    /// It pays the intent.
    Captures,
    /// The intent cannot take it.
    Isolates(Cause),
    /// It is not what we asked for: believe nothing.
    Contradicts(Mismatch),
}

/// What a statement makes true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was known, or says nothing about the state in which we are.
    NoEffect,
    Opened(Attempt),
    /// The payer did not agree: it is to be reversed.
    Declined(Attempt),
    /// The attempt can no longer be paid; the intent ends with it when its own
    /// time is over.
    Ended {
        attempt: Attempt,
        expired: Option<Intent>,
    },
    /// The first money of an intent.
    Captured {
        attempt: Attempt,
        intent: Intent,
        payment: Payment,
    },
    /// Money that the intent cannot take: it goes back.
    Isolated {
        attempt: Attempt,
        money: IsolatedMoney,
    },
    Contradicts(Mismatch),
}

/// Decides what a statement of a channel about an attempt makes true. `ours` is
/// who we are there.
pub fn decide(
    intent: &Intent,
    attempt: &Attempt,
    ours: &Identity,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Verdict, OutOfOrder> {
    match evidence {
        Evidence::Opened { prompt } if attempt.state == State::Creating => {
            let prompt = prompt.clone();
            Ok(Verdict::Opened(attempt.take(Step::Open { prompt })?))
        }
        Evidence::Opened { .. } => Ok(Verdict::NoEffect),
        Evidence::Declined => Ok(if attempt.state.is_live() {
            attempt
                .begin_closing(Why::Declined)?
                .map_or(Verdict::NoEffect, Verdict::Declined)
        } else {
            Verdict::NoEffect
        }),
        Evidence::Refused { .. } if !can_be_refused(&attempt.state) => Ok(Verdict::NoEffect),
        Evidence::Refused { code } => ended(intent, attempt, Step::Refuse { code: code.clone() }, now),
        Evidence::Closed if !attempt.state.is_live() => Ok(Verdict::NoEffect),
        Evidence::Closed => ended(intent, attempt, Step::Close, now),
        Evidence::Paid(paid) => match weigh(attempt, intent, ours, paid) {
            Meaning::Known => Ok(Verdict::NoEffect),
            Meaning::Captures => capture(intent, attempt, paid, now),
            Meaning::Isolates(cause) => isolate(attempt, paid, cause, now),
            Meaning::Contradicts(mismatch) => Ok(Verdict::Contradicts(mismatch)),
        },
    }
}

/// A waiting QR was confirmed, so a refusal that comes after is not about it;
/// a payer who has to agree may well refuse.
fn can_be_refused(state: &State) -> bool {
    match state {
        State::Creating | State::Closing { .. } | State::Reversing { .. } => true,
        State::AwaitingPayment { prompt } => *prompt == Prompt::OnPhone,
        State::Paid { .. }
        | State::Failed { .. }
        | State::Expired
        | State::Cancelled
        | State::Isolated { .. } => false,
    }
}

fn ended(intent: &Intent, attempt: &Attempt, step: Step, now: Timestamp) -> Result<Verdict, OutOfOrder> {
    let expired = if intent.claim.expire_at <= now {
        intent.expire()
    } else {
        None
    };
    Ok(Verdict::Ended {
        attempt: attempt.take(step)?,
        expired,
    })
}

fn capture(intent: &Intent, attempt: &Attempt, paid: &Paid, now: Timestamp) -> Result<Verdict, OutOfOrder> {
    let attempt = attempt.take(Step::Pay { at: paid.paid_at })?;
    let intent = intent.take(intent::Step::Pay)?;
    let payment = Payment::capture(&intent, &attempt, paid, now);
    Ok(Verdict::Captured {
        attempt,
        intent,
        payment,
    })
}

fn isolate(attempt: &Attempt, paid: &Paid, cause: Cause, now: Timestamp) -> Result<Verdict, OutOfOrder> {
    let attempt = attempt.take(Step::Isolate { at: paid.paid_at })?;
    let money = IsolatedMoney::of(&attempt, cause, paid, now);
    Ok(Verdict::Isolated { attempt, money })
}

impl Evidence {
    /// Whether nothing is left to ask about an attempt of which this is known.
    pub fn ends(&self) -> bool {
        !matches!(self, Self::Opened { .. } | Self::Declined)
    }

    /// What the answer to a query proves, if anything.
    pub fn of_query(outcome: Outcome<Paid>) -> Option<Self> {
        match outcome {
            Outcome::Succeeded(paid) => Some(Self::Paid(paid)),
            Outcome::Failed(_) => Some(Self::Closed),
            Outcome::Pending | Outcome::Unknown(_) | Outcome::NeedsPerson(_) | Outcome::NotFound => None,
        }
    }

    /// What the answer to a charge proves, if anything. There is no other request
    /// under its number, so a refusal is about this one.
    pub fn of_charge(outcome: Outcome<Paid>) -> Option<Self> {
        match outcome {
            Outcome::Succeeded(paid) => Some(Self::Paid(paid)),
            Outcome::Failed(Failure { code, .. }) => Some(Self::Refused { code }),
            Outcome::Pending => Some(Self::Opened {
                prompt: Prompt::OnPhone,
            }),
            Outcome::Unknown(_) | Outcome::NeedsPerson(_) | Outcome::NotFound => None,
        }
    }

    /// What a query about a charge proves: the payer who was asked to agree may
    /// have refused, and nobody else ends it before it is reversed.
    pub fn of_charge_query(outcome: Outcome<Paid>) -> Option<Self> {
        match outcome {
            Outcome::Pending => Some(Self::Opened {
                prompt: Prompt::OnPhone,
            }),
            Outcome::Failed(Failure {
                retry: Retry::AfterReversal,
                ..
            }) => Some(Self::Declined),
            Outcome::Failed(Failure { code, .. }) => Some(Self::Refused { code }),
            other => Self::of_query(other),
        }
    }

    /// What a query about a charge proves after the answer to its reversal: what
    /// was declined has ended when the channel took the reversal in.
    pub fn of_query_after_reversal(
        reversed: &Outcome<()>,
        outcome: Outcome<Paid>,
        quiet: Duration,
    ) -> Option<Self> {
        if outcome.is_to_be_reversed() && !matches!(reversed, Outcome::Succeeded(())) {
            return None;
        }
        Self::of_query_after_close(outcome, quiet)
    }

    /// What a query proves after the channel was asked to close an attempt that is
    /// `quiet` for so long: also that it never heard of a number and never will.
    pub fn of_query_after_close(outcome: Outcome<Paid>, quiet: Duration) -> Option<Self> {
        match outcome {
            Outcome::NotFound if quiet >= CREATE_MARGIN => Some(Self::Closed),
            other => Self::of_query(other),
        }
    }

    /// What a query proves after the channel did not open an attempt: an earlier
    /// try of ours may have come through, so even a refusal, whose code this is,
    /// is believed only when the channel knows nothing by the number.
    pub fn of_query_after_open(refusal: Option<String>, outcome: Outcome<Paid>) -> Option<Self> {
        match (outcome, refusal) {
            (Outcome::NotFound, Some(code)) => Some(Self::Refused { code }),
            (other, _) => Self::of_query(other),
        }
    }
}

/// Weighs a payment that the channel states. `ours` is who we are there.
pub fn weigh(attempt: &Attempt, intent: &Intent, ours: &Identity, paid: &Paid) -> Meaning {
    if let Some(mismatch) = mismatch(attempt, ours, paid) {
        return Meaning::Contradicts(mismatch);
    }
    if attempt.state.has_money() {
        return Meaning::Known;
    }
    match intent.state {
        intent::State::Open if attempt.state.is_live() && !is_going_back(&attempt.state) => Meaning::Captures,
        intent::State::Paid => Meaning::Isolates(Cause::Duplicate),
        intent::State::Open | intent::State::Expired | intent::State::Cancelled => {
            Meaning::Isolates(Cause::Late)
        }
    }
}

/// Money of a charge that is being reversed cannot be relied upon: the reversal
/// may arrive after it.
fn is_going_back(state: &State) -> bool {
    matches!(state, State::Reversing { .. })
}

fn mismatch(attempt: &Attempt, ours: &Identity, paid: &Paid) -> Option<Mismatch> {
    let checks = [
        (Mismatch::Number, paid.number == attempt.number),
        (Mismatch::Merchant, paid.identity.merchant == ours.merchant),
        (Mismatch::App, paid.identity.app == ours.app),
        (Mismatch::Currency, paid.currency == CURRENCY),
        (Mismatch::Amount, paid.amount_minor == attempt.amount.minor()),
    ];
    checks
        .into_iter()
        .find(|(_, holds)| !holds)
        .map(|(mismatch, _)| mismatch)
}

#[cfg(test)]
mod tests;
