//! Money of a member's that may have gone wrong, from being noticed to an answer
//! in time. What a channel proves ends a case by itself; what moves money by
//! somebody's word takes two persons.

pub mod advice;

use kernel::{Amount, AttemptId, ExceptionId, IntentId, PersonId, StudioId, Timestamp};

use super::Refusal;
use super::attempt::Attempt;
use super::evidence::Cause;
use super::reconciliation::difference::Owner;
use crate::words::kept_words;

kept_words! {
    Kind {
        DuplicateCharge = "duplicate_charge",
        PaidNotCredited = "paid_not_credited",
        Mismatch = "mismatch",
    }
}

kept_words! {
    /// Who noticed first.
    Origin {
        IsolatedMoney = "isolated_money",
        Difference = "difference",
        UnknownAttempt = "unknown_attempt",
        Desk = "desk",
        Member = "member",
    }
}

kept_words! {
    Remedy {
        /// The attempt's money goes back the way it came.
        SendBack = "send_back",
        /// The payment is refunded, by a case at refunds.
        Refund = "refund",
        /// The money is booked to what the member pays for.
        Credit = "credit",
        Explain = "explain",
    }
}

kept_words! {
    /// A step in a case's history.
    EntryKind {
        Opened = "opened",
        Noticed = "noticed",
        Taken = "taken",
        Proposed = "proposed",
        Decided = "decided",
        Declined = "declined",
        Answered = "answered",
        Closed = "closed",
        Reopened = "reopened",
        Overdue = "overdue",
        Contacted = "contacted",
    }
}

impl From<Cause> for Kind {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Late => Self::PaidNotCredited,
            Cause::Duplicate => Self::DuplicateCharge,
        }
    }
}

impl Origin {
    /// Whose it is to look at. What no channel says is the technician's question;
    /// what a bill says beyond our books, the supervisor's.
    pub const fn owner(self) -> Owner {
        match self {
            Self::UnknownAttempt => Owner::Technician,
            Self::Difference => Owner::FinanceSupervisor,
            Self::IsolatedMoney | Self::Desk | Self::Member => Owner::FinanceStaff,
        }
    }
}

impl Remedy {
    /// Such a remedy takes a second person.
    pub const fn moves_money(self) -> bool {
        !matches!(self, Self::Explain)
    }
}

/// By whom it came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The channel's proof.
    Proof,
    Persons {
        maker: PersonId,
        /// Where money moves.
        checker: Option<PersonId>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Taken { by: PersonId },
    Proposed { by: PersonId, remedy: Remedy },
    Decided { remedy: Remedy, by: By },
    Answered { remedy: Remedy, by: By },
    Closed { remedy: Remedy, by: By },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Take {
        by: PersonId,
    },
    Propose {
        by: PersonId,
        remedy: Remedy,
    },
    Confirm {
        by: PersonId,
    },
    Decline {
        by: PersonId,
    },
    Answer,
    Close,
    Reopen,
    /// A channel proves how it ended.
    Prove {
        remedy: Remedy,
    },
}

impl State {
    #[expect(
        clippy::match_same_arms,
        reason = "who sends a proposal back is told apart from who made it first"
    )]
    pub fn take(self, step: Step) -> Result<Self, Refusal> {
        Ok(match (self, step) {
            (Self::Open | Self::Taken { .. }, Step::Take { by }) => Self::Taken { by },
            (Self::Taken { by }, Step::Propose { by: other, .. }) if by != other => {
                return Err(Refusal::NotTakenByCaller);
            }
            (Self::Open, Step::Propose { .. }) => return Err(Refusal::NotTakenByCaller),
            (Self::Taken { .. }, Step::Propose { by, remedy }) if remedy.moves_money() => {
                Self::Proposed { by, remedy }
            }
            (Self::Taken { .. }, Step::Propose { by: maker, remedy }) => Self::Decided {
                remedy,
                by: By::Persons { maker, checker: None },
            },
            (Self::Proposed { by: maker, .. }, Step::Confirm { by } | Step::Decline { by })
                if maker == by =>
            {
                return Err(Refusal::SamePerson);
            }
            (Self::Proposed { by: maker, remedy }, Step::Confirm { by: checker }) => Self::Decided {
                remedy,
                by: By::Persons {
                    maker,
                    checker: Some(checker),
                },
            },
            (Self::Proposed { by, .. }, Step::Decline { .. }) => Self::Taken { by },
            (Self::Decided { remedy, by }, Step::Answer) => Self::Answered { remedy, by },
            (Self::Answered { remedy, by }, Step::Close) => Self::Closed { remedy, by },
            (Self::Answered { .. } | Self::Closed { .. }, Step::Reopen) => Self::Open,
            (
                Self::Open | Self::Taken { .. } | Self::Proposed { .. } | Self::Decided { .. },
                Step::Prove { remedy },
            ) => Self::Closed {
                remedy,
                by: By::Proof,
            },
            (state, _) => return Err(Refusal::ExceptionState { state: state.word() }),
        })
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Taken { .. } => "taken",
            Self::Proposed { .. } => "proposed",
            Self::Decided { .. } => "decided",
            Self::Answered { .. } => "answered",
            Self::Closed { .. } => "closed",
        }
    }

    /// The member has an answer.
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Answered { .. } | Self::Closed { .. })
    }

    pub const fn remedy(self) -> Option<Remedy> {
        match self {
            Self::Open | Self::Taken { .. } => None,
            Self::Proposed { remedy, .. }
            | Self::Decided { remedy, .. }
            | Self::Answered { remedy, .. }
            | Self::Closed { remedy, .. } => Some(remedy),
        }
    }

    /// Who took it, or took it when it was decided.
    pub const fn taken_by(self) -> Option<PersonId> {
        match self {
            Self::Taken { by } | Self::Proposed { by, .. } => Some(by),
            Self::Decided { by, .. } | Self::Answered { by, .. } | Self::Closed { by, .. } => match by {
                By::Persons { maker, .. } => Some(maker),
                By::Proof => None,
            },
            Self::Open => None,
        }
    }

    pub const fn checker(self) -> Option<PersonId> {
        match self {
            Self::Decided { by, .. } | Self::Answered { by, .. } | Self::Closed { by, .. } => match by {
                By::Persons { checker, .. } => checker,
                By::Proof => None,
            },
            Self::Open | Self::Taken { .. } | Self::Proposed { .. } => None,
        }
    }

    pub const fn is_proven(self) -> bool {
        matches!(
            self,
            Self::Decided { by: By::Proof, .. }
                | Self::Answered { by: By::Proof, .. }
                | Self::Closed { by: By::Proof, .. }
        )
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    pub id: ExceptionId,
    pub attempt_id: AttemptId,
    pub intent_id: IntentId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    /// Our number of the attempt at the channel, by which people call it.
    pub number: String,
    pub amount: Amount,
    pub kind: Kind,
    pub origin: Origin,
    pub advised: Remedy,
    pub state: State,
    pub opened_by: Option<PersonId>,
    pub opened_at: Timestamp,
    pub due_at: Timestamp,
    pub overdue_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub reopened: i32,
    pub version: i64,
}

/// Who noticed what, and until when there is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noticed {
    pub kind: Kind,
    pub origin: Origin,
    pub by: Option<PersonId>,
    pub at: Timestamp,
    pub due_at: Timestamp,
}

impl Exception {
    /// An attempt has one case, so its id follows.
    pub fn id_of(attempt: AttemptId) -> ExceptionId {
        ExceptionId::derived(attempt, "exception")
    }

    pub fn open(attempt: &Attempt, noticed: Noticed, advised: Remedy) -> Self {
        Self {
            id: Self::id_of(attempt.id),
            attempt_id: attempt.id,
            intent_id: attempt.intent_id,
            person_id: attempt.person_id,
            studio_id: attempt.studio_id,
            number: attempt.number.to_string(),
            amount: attempt.amount,
            kind: noticed.kind,
            origin: noticed.origin,
            advised,
            state: State::Open,
            opened_by: noticed.by,
            opened_at: noticed.at,
            due_at: noticed.due_at,
            overdue_at: None,
            answered_at: None,
            closed_at: None,
            reopened: 0,
            version: 1,
        }
    }

    pub fn owner(&self) -> Owner {
        self.origin.owner()
    }

    /// The case after a step of somebody's, whose own it must not be.
    pub fn step(&self, by: PersonId, step: Step, at: Timestamp) -> Result<Self, Refusal> {
        if by == self.person_id {
            return Err(Refusal::SamePerson);
        }
        self.take(step, at)
    }

    /// The case after a step.
    pub fn take(&self, step: Step, at: Timestamp) -> Result<Self, Refusal> {
        let state = self.state.take(step)?;
        let answered = state.is_answered() && !self.state.is_answered();
        Ok(Self {
            state,
            answered_at: if answered { Some(at) } else { self.answered_at },
            closed_at: matches!(state, State::Closed { .. }).then_some(at),
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// Somebody other than the member spoke with them; nothing else changes.
    pub fn contacted(&self, by: PersonId) -> Result<Self, Refusal> {
        if by == self.person_id {
            return Err(Refusal::SamePerson);
        }
        if let State::Closed { .. } = self.state {
            let state = self.state.word();
            return Err(Refusal::ExceptionState { state });
        }
        Ok(Self {
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// Begins anew, unless the answer is older than `patience`.
    pub fn reopen(
        &self,
        at: Timestamp,
        due_at: Timestamp,
        patience: chrono::Duration,
    ) -> Result<Self, Refusal> {
        let anew = self.take(Step::Reopen, at)?;
        if self.answered_at.is_some_and(|answered| at - answered > patience) {
            return Err(Refusal::ExceptionTooOld);
        }
        Ok(Self {
            due_at,
            overdue_at: None,
            reopened: self.reopened + 1,
            ..anew
        })
    }

    /// What the system noticed again: an answered case begins anew, whenever that
    /// was, and one under way is advised as all that is known says now.
    #[must_use]
    pub fn noticed(&self, advised: Remedy, noticed: Noticed) -> Self {
        match self.take(Step::Reopen, noticed.at) {
            Ok(anew) => Self {
                kind: noticed.kind,
                advised,
                due_at: noticed.due_at,
                overdue_at: None,
                reopened: self.reopened + 1,
                ..anew
            },
            Err(_) => Self {
                advised,
                version: self.version + 1,
                ..self.clone()
            },
        }
    }

    /// The case as told that its time went by; nothing when it did not, when that
    /// was told, or when the member has an answer.
    pub fn overdue(&self, now: Timestamp) -> Option<Self> {
        let late = !self.state.is_answered() && self.overdue_at.is_none() && self.due_at <= now;
        late.then(|| Self {
            overdue_at: Some(now),
            version: self.version + 1,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests;
