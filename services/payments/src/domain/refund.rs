//! A part of a payment on its way back through the channel.

use kernel::{Amount, PaymentId, PersonId, RefundId, RefundLegId, StudioId, Timestamp};

use super::payment::Payment;
use super::{OutOfOrder, Refusal};
use crate::channel::{ChannelNumber, Failure, Outcome, RefundOrder, Retry, Returned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its amount is reserved on the payment.
    Reserved,
    /// The channel accepted it, or may have.
    Submitted,
    /// The channel could not place it and waits for a person; its amount stays
    /// reserved, since it may still go out.
    Abnormal,
    Succeeded {
        at: Timestamp,
        channel_refund: String,
    },
    Bounced {
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Submit,
    Hang,
    Succeed { at: Timestamp, channel_refund: String },
    Bounce { why: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub leg_id: RefundLegId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub amount: Amount,
    pub reason: String,
    pub number: ChannelNumber,
    pub state: State,
    /// Since when the channel has no funds for it.
    pub waiting_since: Option<Timestamp>,
    pub created_at: Timestamp,
    pub traceparent: String,
    pub version: i64,
}

impl State {
    pub fn take(self, step: Step) -> Result<Self, OutOfOrder> {
        Ok(match (self, step) {
            (Self::Reserved, Step::Submit) => Self::Submitted,
            (Self::Submitted, Step::Hang) => Self::Abnormal,
            (Self::Reserved | Self::Submitted | Self::Abnormal, Step::Succeed { at, channel_refund }) => {
                Self::Succeeded { at, channel_refund }
            }
            (Self::Reserved | Self::Submitted | Self::Abnormal, Step::Bounce { why }) => {
                Self::Bounced { why }
            }
            (state, step) => {
                return Err(OutOfOrder {
                    state: state.word().to_owned(),
                    step: format!("{step:?}"),
                });
            }
        })
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Submitted => "submitted",
            Self::Abnormal => "abnormal",
            Self::Succeeded { .. } => "succeeded",
            Self::Bounced { .. } => "bounced",
        }
    }

    pub fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded { .. } | Self::Bounced { .. })
    }
}

impl Refund {
    /// The refund of a leg, with its number at the channel for ever.
    pub fn reserve(
        payment: &Payment,
        leg_id: RefundLegId,
        amount: Amount,
        reason: &str,
        now: Timestamp,
    ) -> Self {
        let id = Self::id_of(leg_id);
        Self {
            id,
            payment_id: payment.id,
            leg_id,
            person_id: payment.claim.person_id,
            studio_id: payment.claim.studio_id,
            amount,
            reason: reason.to_owned(),
            number: ChannelNumber::of_refund(id),
            state: State::Reserved,
            waiting_since: None,
            created_at: now,
            traceparent: String::new(),
            version: 1,
        }
    }

    /// A leg has one refund, so its id follows.
    pub fn id_of(leg: RefundLegId) -> RefundId {
        RefundId::derived(leg, "refund")
    }

    /// Whether asking again means this refund.
    pub fn same_as(&self, payment_id: PaymentId, amount: Amount) -> Result<(), Refusal> {
        if self.payment_id == payment_id && self.amount == amount {
            Ok(())
        } else {
            Err(Refusal::RefundDiffers)
        }
    }

    pub fn take(&self, step: Step) -> Result<Self, OutOfOrder> {
        Ok(Self {
            state: self.state.clone().take(step)?,
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// The refund again, noting since when the channel lacks the funds.
    #[must_use]
    pub fn waiting(&self, now: Timestamp) -> Self {
        Self {
            waiting_since: self.waiting_since.or(Some(now)),
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// What the channel is asked; the same on every retry.
    pub fn order(&self, payment: &Payment) -> RefundOrder {
        RefundOrder {
            payment: payment.number.clone(),
            number: self.number.clone(),
            amount: self.amount,
            total: payment.claim.amount,
            reason: self.reason.clone(),
        }
    }
}

/// What became of a refund that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// It had ended before.
    Over,
    /// It went back: what was reserved is gone.
    Succeeded { refund: Refund, at: Timestamp },
    /// The channel lacks the funds for it.
    Waits(Refund),
    /// It will not go back this way: the reservation is released, and whoever
    /// asked decides about another way.
    Bounced { refund: Refund, why: String },
    /// A person has to act at the channel; anew or still. Until that shows, the
    /// reservation stays: were it released, the same money could go back twice.
    Hangs(Option<Refund>),
    /// Nothing is known yet.
    Open,
}

impl Refund {
    /// Follows it by what the channel answered. `patience` is how long the
    /// channel may lack the funds.
    pub fn follow(
        &self,
        outcome: Outcome<Returned>,
        patience: chrono::Duration,
        now: Timestamp,
    ) -> Result<Followed, OutOfOrder> {
        if self.state.is_final() {
            return Ok(Followed::Over);
        }
        let may_wait = self.waiting_since.is_none_or(|since| now - since < patience);
        Ok(match outcome {
            Outcome::Succeeded(found) => {
                let (at, channel_refund) = (found.returned_at.unwrap_or(now), found.channel_refund);
                let refund = self.take(Step::Succeed { at, channel_refund })?;
                Followed::Succeeded { refund, at }
            }
            Outcome::Failed(Failure {
                retry: Retry::Later, ..
            }) if may_wait => Followed::Waits(self.waiting(now)),
            Outcome::Failed(Failure { code: why, .. }) => {
                let refund = self.take(Step::Bounce { why: why.clone() })?;
                Followed::Bounced { refund, why }
            }
            Outcome::NeedsPerson(_) if self.state == State::Abnormal => Followed::Hangs(None),
            Outcome::NeedsPerson(_) => Followed::Hangs(Some(self.take(Step::Hang)?)),
            Outcome::Pending | Outcome::Unknown(_) | Outcome::NotFound => Followed::Open,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::examples::noon;

    #[test]
    fn every_pair_of_state_and_step_is_in_the_table_or_refused() {
        let done = Step::Succeed {
            at: noon(),
            channel_refund: "5".to_owned(),
        };
        let no = Step::Bounce {
            why: "CLOSED".to_owned(),
        };
        let states = [
            State::Reserved,
            State::Submitted,
            State::Abnormal,
            State::Reserved.take(done.clone()).unwrap(),
            State::Reserved.take(no.clone()).unwrap(),
        ];
        let steps = [
            ("submit", Step::Submit),
            ("hang", Step::Hang),
            ("succeed", done),
            ("bounce", no),
        ];
        let allowed = [
            ("reserved", "submit", "submitted"),
            ("reserved", "succeed", "succeeded"),
            ("reserved", "bounce", "bounced"),
            ("submitted", "succeed", "succeeded"),
            ("submitted", "bounce", "bounced"),
            ("submitted", "hang", "abnormal"),
            ("abnormal", "succeed", "succeeded"),
            ("abnormal", "bounce", "bounced"),
        ];
        for state in states {
            for (name, step) in steps.clone() {
                let expected = allowed
                    .iter()
                    .find(|(s, n, _)| *s == state.word() && *n == name)
                    .map(|(_, _, to)| *to);
                assert_eq!(
                    state.clone().take(step).ok().as_ref().map(State::word),
                    expected,
                    "{state:?} {name}"
                );
            }
        }
    }

    #[test]
    fn the_number_at_the_channel_follows_from_the_leg() {
        let leg = RefundLegId::fresh();
        let number = |leg| ChannelNumber::of_refund(RefundId::derived(leg, "refund"));
        assert_eq!(number(leg), number(leg));
        assert_ne!(number(leg), number(RefundLegId::fresh()));
    }
}
