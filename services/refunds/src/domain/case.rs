//! A refund case from the application to the completion.

mod follow;

use aws_lc_rs::digest;
use kernel::{Amount, BusinessDay, DueId, OrderId, PersonId, RefundCaseId, RefundLegId, StudioId, Timestamp};
use platform::vault::Sealed;

use super::leg::{Leg, LegState};
use super::policy::Reason;
use super::quote::{Ask, LineKind};
use super::words::words;
use super::{Order, Policy, Quote, Refusal};

pub use follow::Followed;

words! {
    /// The cause of a refusal.
    RejectReason {
        ConditionsNotMet = "conditions_not_met",
        NotProven = "not_proven",
        Duplicate = "duplicate",
        Other = "other",
    }
}

/// A yes or a no of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub by: PersonId,
    pub at: Timestamp,
    /// In the decider's words, sealed for the member.
    pub note: Sealed,
}

/// Where a case stands, with exactly what is known there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Requested,
    Approved(Decision),
    Returning(Decision),
    Stuck {
        decision: Decision,
        why: String,
    },
    Settling(Decision),
    Completed {
        decision: Decision,
        at: Timestamp,
    },
    Rejected {
        decision: Decision,
        reason: RejectReason,
    },
}

/// What can happen to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Approve(Decision),
    Reject(Decision, RejectReason),
    SendBack,
    GetStuck { why: String },
    AllReturned,
    Recorded { at: Timestamp },
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved(_) => "approved",
            Self::Returning(_) => "returning",
            Self::Stuck { .. } => "stuck",
            Self::Settling(_) => "settling",
            Self::Completed { .. } => "completed",
            Self::Rejected { .. } => "rejected",
        }
    }

    /// The whole process. What is not here does not happen.
    pub fn take(self, step: Step) -> Result<Self, Refusal> {
        Ok(match (self, step) {
            (Self::Requested, Step::Approve(decision)) => Self::Approved(decision),
            (Self::Requested, Step::Reject(decision, reason)) => Self::Rejected { decision, reason },
            (Self::Approved(decision) | Self::Stuck { decision, .. }, Step::SendBack) => {
                Self::Returning(decision)
            }
            (Self::Returning(decision) | Self::Settling(decision), Step::GetStuck { why }) => {
                Self::Stuck { decision, why }
            }
            (Self::Returning(decision), Step::AllReturned) => Self::Settling(decision),
            (Self::Settling(decision), Step::Recorded { at }) => Self::Completed { decision, at },
            (state, _) => return Err(Refusal::WrongState { state: state.name() }),
        })
    }

    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Requested => None,
            Self::Approved(decision)
            | Self::Returning(decision)
            | Self::Stuck { decision, .. }
            | Self::Settling(decision)
            | Self::Completed { decision, .. }
            | Self::Rejected { decision, .. } => Some(decision),
        }
    }

    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Rejected { .. })
    }
}

/// A request for money back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub id: RefundCaseId,
    pub number: String,
    pub order: OrderId,
    /// One due; none means all of the order.
    pub due: Option<DueId>,
    pub person: PersonId,
    pub studio: StudioId,
    pub reason: Reason,
    /// In the opener's words, sealed for the member.
    pub explanation: Sealed,
    pub quote: Quote,
    pub amount: Amount,
    /// None when the system did.
    pub opened_by: Option<PersonId>,
    pub opened_at: Timestamp,
    /// Who answers for it now; none while the queue does.
    pub owner: Option<PersonId>,
    pub state: State,
    pub version: i64,
}

/// A number for people: the day, and what cannot be guessed.
pub fn number(id: RefundCaseId, day: BusinessDay) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let random = &id.0.as_bytes()[8..16];
    let letters: String = random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte & 31)]))
        .collect();
    format!("F-{}-{letters}", day.format("%Y%m%d"))
}

impl Case {
    /// Moves by one step of the process.
    pub fn take(self, step: Step) -> Result<Self, Refusal> {
        let version = self.version + 1;
        Ok(Self {
            state: self.state.take(step)?,
            version,
            ..self
        })
    }

    /// Another person's yes to exactly what was looked at, and the legs that
    /// follow from it.
    pub fn approve(self, decision: Decision, subject_hash: &str) -> Result<(Self, Vec<Leg>), Refusal> {
        self.decided_by_another(decision.by)?;
        if self.state == State::Requested && self.subject_hash() != subject_hash {
            return Err(Refusal::SubjectChanged);
        }
        let owner = Some(decision.by);
        let case = Self {
            owner,
            ..self.take(Step::Approve(decision))?
        };
        let legs = case.plan();
        Ok((case, legs))
    }

    /// Whether order and card still give what was calculated, as of the day it
    /// was asked for: waiting for a decision costs the member nothing, using the
    /// card meanwhile does. What the system opened is all of a due, whatever
    /// happened to the others.
    pub fn still_due(&self, order: &Order, policy: Option<&Policy>) -> Result<(), Refusal> {
        let now = match (self.quote.policy, self.due, policy) {
            (Some(_), _, Some(policy)) => Quote::of(order, policy, self.ask(), self.opened_at),
            (None, Some(due), _) => Quote::undelivered(order, due),
            _ => Err(Refusal::SubjectChanged),
        };
        let same = |now: Quote| {
            if self.quote.policy.is_none() {
                return now.amount_minor == self.quote.amount_minor;
            }
            let order_version = self.quote.order_version;
            Quote { order_version, ..now } == self.quote
        };
        if now.is_ok_and(same) {
            Ok(())
        } else {
            Err(Refusal::SubjectChanged)
        }
    }

    /// What was asked for: a limit where the calculation kept to one.
    fn ask(&self) -> Ask {
        let limited = self
            .quote
            .lines
            .iter()
            .any(|line| line.kind == LineKind::NotRequested);
        Ask {
            reason: self.reason,
            due: self.due,
            at_most: limited.then_some(self.amount),
        }
    }

    pub fn reject(self, decision: Decision, reason: RejectReason) -> Result<Self, Refusal> {
        self.decided_by_another(decision.by)?;
        let owner = Some(decision.by);
        Ok(Self {
            owner,
            ..self.take(Step::Reject(decision, reason))?
        })
    }

    /// A named person has it sent again, and answers for it from now on. Not
    /// the one who gets the money.
    fn resume(self, by: PersonId) -> Result<Self, Refusal> {
        if by == self.person {
            return Err(Refusal::SamePerson);
        }
        match self.state {
            State::Stuck { .. } => Ok(Self {
                owner: Some(by),
                ..self.take(Step::SendBack)?
            }),
            _ => Err(Refusal::WrongState {
                state: self.state.name(),
            }),
        }
    }

    pub fn assign(self, owner: PersonId) -> Result<Self, Refusal> {
        if self.state.is_over() {
            return Err(Refusal::WrongState {
                state: self.state.name(),
            });
        }
        Ok(Self {
            owner: Some(owner),
            version: self.version + 1,
            ..self
        })
    }

    /// SHA-256 in hex of what a decision is about.
    pub fn subject_hash(&self) -> String {
        let ways = self
            .quote
            .ways
            .iter()
            .map(|way| format!("{} {:?} {}", way.due, way.route, way.minor));
        let subject = [
            self.id.to_string(),
            self.order.to_string(),
            self.quote.order_version.to_string(),
            self.person.to_string(),
            self.reason.name().to_owned(),
            self.quote.policy.map(|id| id.to_string()).unwrap_or_default(),
            self.quote.rule.clone(),
            self.amount.minor().to_string(),
        ];
        let text = subject.into_iter().chain(ways).collect::<Vec<_>>().join("\n");
        hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
    }

    /// Who opened a case never decides it, and who gets the money neither.
    fn decided_by_another(&self, by: PersonId) -> Result<(), Refusal> {
        if by == self.person || Some(by) == self.opened_by {
            return Err(Refusal::SamePerson);
        }
        Ok(())
    }

    fn plan(&self) -> Vec<Leg> {
        let ways = self.quote.ways.iter().enumerate();
        ways.filter_map(|(at, way)| {
            Some(Leg {
                id: RefundLegId::derived(self.id, &format!("leg {at}")),
                case: self.id,
                due: way.due,
                route: way.route,
                amount: Amount::from_minor(way.minor)?,
                state: LegState::Planned,
                attempt: 1,
                version: 1,
            })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;
