//! The desk's look at one payment: does the amount fit, and is it this member.

use kernel::{Amount, AttemptId, ExceptionId, PaymentId, PersonId, StudioId, Timestamp};

use super::exception::Exception;
use super::payment::Payment;
use super::{Refusal, Way};
use crate::words::kept_words;

kept_words! {
    /// What does not fit.
    Anomaly { WrongAmount = "wrong_amount", WrongPerson = "wrong_person", Other = "other" }
}

/// Who did something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    pub by: PersonId,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Awaiting,
    Verified(Act),
    /// A case puts it right. It may have been verified before.
    Anomaly {
        kind: Anomaly,
        reported: Act,
        verified: Option<Act>,
    },
}

impl State {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Awaiting => "awaiting",
            Self::Verified(_) => "verified",
            Self::Anomaly { .. } => "anomaly",
        }
    }

    pub const fn verified(self) -> Option<Act> {
        match self {
            Self::Awaiting => None,
            Self::Verified(act) => Some(act),
            Self::Anomaly { verified, .. } => verified,
        }
    }

    pub const fn reported(self) -> Option<(Anomaly, Act)> {
        match self {
            Self::Awaiting | Self::Verified(_) => None,
            Self::Anomaly { kind, reported, .. } => Some((kind, reported)),
        }
    }
}

/// What the desk saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub amount: Amount,
    pub person: PersonId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub payment_id: PaymentId,
    pub attempt_id: AttemptId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub amount: Amount,
    pub due_at: Timestamp,
    pub state: State,
    pub version: i64,
}

impl Verification {
    /// What the desk has to look at; nothing of what a person took at a drawer, who
    /// saw both then.
    pub fn of(payment: &Payment, due_at: Timestamp) -> Option<Self> {
        (payment.method.way() != Way::Drawer).then_some(Self {
            payment_id: payment.id,
            attempt_id: payment.attempt_id,
            person_id: payment.claim.person_id,
            studio_id: payment.claim.studio_id,
            amount: payment.claim.amount,
            due_at,
            state: State::Awaiting,
            version: 1,
        })
    }

    /// The case that puts an anomaly right.
    pub fn case_id(&self) -> ExceptionId {
        Exception::id_of(self.attempt_id)
    }

    /// What was seen fits.
    pub fn verify(&self, act: Act, seen: Seen) -> Result<Self, Refusal> {
        self.own(act)?;
        if self.state != State::Awaiting {
            return Err(self.looked_at());
        }
        if seen.amount != self.amount {
            return Err(Refusal::VerificationDiffers { field: "amount" });
        }
        if seen.person != self.person_id {
            return Err(Refusal::VerificationDiffers { field: "person_id" });
        }
        Ok(self.with(State::Verified(act)))
    }

    /// Something does not fit, though it was verified perhaps.
    pub fn report(&self, act: Act, kind: Anomaly) -> Result<Self, Refusal> {
        self.own(act)?;
        if self.state.reported().is_some() {
            return Err(self.looked_at());
        }
        Ok(self.with(State::Anomaly {
            kind,
            reported: act,
            verified: self.state.verified(),
        }))
    }

    /// The time went by and nobody looked.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == State::Awaiting && self.due_at <= now
    }

    fn own(&self, act: Act) -> Result<(), Refusal> {
        if act.by == self.person_id {
            return Err(Refusal::SamePerson);
        }
        Ok(())
    }

    fn looked_at(&self) -> Refusal {
        Refusal::VerificationState {
            state: self.state.word(),
        }
    }

    fn with(&self, state: State) -> Self {
        Self {
            state,
            version: self.version + 1,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
