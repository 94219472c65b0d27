//! Money that no intent can take. It is always sent back, and nobody has to ask.

use std::time::Duration;

use kernel::{Amount, AttemptId, IntentId, IsolatedMoneyId, PersonId, StudioId, Timestamp};

use super::Method;
use super::attempt::Attempt;
use super::evidence::Cause;
use crate::channel::{ChannelNumber, Failure, Outcome, Paid, RefundOrder, Retry, Returned};
use crate::words::kept_words;

kept_words! {
    State { Held = "held", Returned = "returned" }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolatedMoney {
    pub id: IsolatedMoneyId,
    pub attempt_id: AttemptId,
    pub intent_id: IntentId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub method: Method,
    pub merchant: String,
    pub cause: Cause,
    pub amount: Amount,
    pub number: ChannelNumber,
    pub transaction: String,
    pub state: State,
    /// A reversal gave it back before we sent it.
    pub reversed: bool,
    /// How often it was sent back; each try that the channel closed needs a new number.
    pub return_try: i32,
    /// The next try rests until then.
    pub not_before: Option<Timestamp>,
    pub paid_at: Timestamp,
    pub isolated_at: Timestamp,
    pub traceparent: String,
    pub version: i64,
}

impl IsolatedMoney {
    pub fn of(attempt: &Attempt, cause: Cause, paid: &Paid, now: Timestamp) -> Self {
        Self {
            id: IsolatedMoneyId::derived(attempt.id, "isolated"),
            attempt_id: attempt.id,
            intent_id: attempt.intent_id,
            person_id: attempt.person_id,
            studio_id: attempt.studio_id,
            method: attempt.method,
            merchant: attempt.merchant.clone(),
            cause,
            amount: attempt.amount,
            number: attempt.number.clone(),
            transaction: paid.transaction.clone(),
            state: State::Held,
            reversed: false,
            return_try: 1,
            not_before: None,
            paid_at: paid.paid_at,
            isolated_at: now,
            traceparent: attempt.traceparent.clone(),
            version: 1,
        }
    }

    /// Our number of this try at the channel.
    pub fn return_number(&self) -> ChannelNumber {
        ChannelNumber::of_return(self.id, self.return_try)
    }

    /// What the channel is asked on this try; the same on every retry of it.
    pub fn order(&self) -> RefundOrder {
        RefundOrder {
            payment: self.number.clone(),
            number: self.return_number(),
            amount: self.amount,
            total: self.amount,
            reason: match self.cause {
                Cause::Late => "订单已关闭，款项原路退回",
                Cause::Duplicate => "重复支付，款项原路退回",
            }
            .to_owned(),
        }
    }

    #[must_use]
    pub fn returned(&self) -> Self {
        Self {
            state: State::Returned,
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// The next try, after the channel closed this one for good. It begins after
    /// a rest, unless a person looks first and says when.
    #[must_use]
    pub fn next_try(&self, now: Timestamp) -> Self {
        Self {
            return_try: self.return_try + 1,
            not_before: (!self.is_hopeless()).then(|| now + PAUSE),
            version: self.version + 1,
            ..self.clone()
        }
    }
}

/// How long after a no the money is sent again.
pub const PAUSE: Duration = Duration::from_mins(10);
/// After this many tries that the channel closed a person has to look.
pub const MOST_TRIES: i32 = 5;

/// What became of a try to send money back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// It is back already, or another try took the place of this one.
    Over,
    Returned {
        money: IsolatedMoney,
        at: Timestamp,
    },
    /// Refused for now: the same is asked again.
    Later(Failure),
    /// The channel closed the number of this try: the next one has another, and
    /// a person looks first when it was `hopeless` too often.
    NextTry {
        money: IsolatedMoney,
        failure: Failure,
        hopeless: bool,
    },
    /// Refused as it stands: for a person.
    Refused(Failure),
    /// It hangs at the channel until a person acts there.
    Hangs(String),
    /// Nothing is known yet.
    Open,
}

impl IsolatedMoney {
    /// For how long it still rests before its next try.
    pub fn rest(&self, now: Timestamp) -> Option<Duration> {
        let left = self.not_before? - now;
        left.to_std().ok().filter(|left| !left.is_zero())
    }

    fn is_hopeless(&self) -> bool {
        self.return_try >= MOST_TRIES
    }

    /// Follows the try that was `sent` by what the channel answered. Only a
    /// number that the channel closed is followed by another.
    pub fn follow(&self, sent: &Self, outcome: Outcome<Returned>, now: Timestamp) -> Followed {
        if self.state == State::Returned || self.return_try != sent.return_try {
            return Followed::Over;
        }
        match outcome {
            Outcome::Succeeded(found) => Followed::Returned {
                money: self.returned(),
                at: found.returned_at.unwrap_or(now),
            },
            Outcome::Failed(failure) => match failure.retry {
                Retry::Later => Followed::Later(failure),
                Retry::NewNumber => Followed::NextTry {
                    money: self.next_try(now),
                    failure,
                    hopeless: self.is_hopeless(),
                },
                Retry::Never | Retry::AfterReversal => Followed::Refused(failure),
            },
            Outcome::NeedsPerson(word) => Followed::Hangs(word),
            Outcome::Pending | Outcome::Unknown(_) | Outcome::NotFound => Followed::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::examples::{attempt_of, intent, noon, paid};

    #[test]
    fn a_retry_carries_the_same_number_and_a_new_try_another() {
        let attempt = attempt_of(&intent());
        let money = IsolatedMoney::of(&attempt, Cause::Late, &paid(&attempt), noon());
        assert_eq!(money.order().number, money.clone().order().number);
        assert_ne!(money.order().number, money.next_try(noon()).order().number);
        assert_eq!(money.order().amount, attempt.amount);
    }

    #[test]
    fn a_new_try_rests_and_one_that_a_person_resumes_does_not() {
        let attempt = attempt_of(&intent());
        let first = IsolatedMoney::of(&attempt, Cause::Late, &paid(&attempt), noon());
        assert_eq!(first.rest(noon()), None);
        let next = first.next_try(noon());
        assert_eq!(next.rest(noon()), Some(PAUSE));
        assert_eq!(next.rest(noon() + PAUSE), None);
        let last = (1..MOST_TRIES).fold(first, |money, _| money.next_try(noon()));
        assert_eq!(last.next_try(noon()).rest(noon()), None);
    }
}
