//! A ticket from being recorded to the member's acceptance, the only end.

use kernel::{OrderId, PersonId, StudioId, TicketId, Timestamp};

use super::topic::{Kind, Topic};

/// How far a ticket has come, with who answers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Opened,
    Assigned {
        to: PersonId,
    },
    Investigating {
        to: PersonId,
    },
    Proposed {
        to: PersonId,
    },
    Negotiating {
        to: PersonId,
    },
    Closed {
        to: PersonId,
        accepted_by: PersonId,
        at: Timestamp,
    },
}

/// What can happen to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Assign { to: PersonId },
    Progress,
    Propose,
    Accept { by: PersonId, at: Timestamp },
    Decline,
}

/// Why a step is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the ticket is {}", .0.as_str())]
    OutOfOrder(State),
    #[error("only the person who answers for the ticket may do this")]
    NotAssignee,
    #[error("nobody answers for a ticket of their own")]
    OwnTicket,
    #[error("the ticket is not theirs")]
    NotTheirs,
    #[error("the ticket changed since it was read")]
    Changed,
    #[error("the person does not hold the role that answers for this topic at the studio")]
    NotResponsible,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Assigned { .. } => "assigned",
            Self::Investigating { .. } => "investigating",
            Self::Proposed { .. } => "proposed",
            Self::Negotiating { .. } => "negotiating",
            Self::Closed { .. } => "closed",
        }
    }

    pub fn assignee(self) -> Option<PersonId> {
        match self {
            Self::Opened => None,
            Self::Assigned { to }
            | Self::Investigating { to }
            | Self::Proposed { to }
            | Self::Negotiating { to }
            | Self::Closed { to, .. } => Some(to),
        }
    }

    pub fn take(self, step: Step) -> Result<Self, Refusal> {
        Ok(match (self, step) {
            (Self::Opened | Self::Assigned { .. }, Step::Assign { to }) => Self::Assigned { to },
            (Self::Investigating { .. }, Step::Assign { to })
            | (Self::Assigned { to } | Self::Investigating { to }, Step::Progress) => {
                Self::Investigating { to }
            }
            (
                Self::Assigned { to } | Self::Investigating { to } | Self::Negotiating { to },
                Step::Propose,
            ) => Self::Proposed { to },
            (Self::Proposed { to }, Step::Accept { by, at }) => Self::Closed {
                to,
                accepted_by: by,
                at,
            },
            (Self::Negotiating { .. }, Step::Assign { to })
            | (Self::Negotiating { to }, Step::Progress)
            | (Self::Proposed { to }, Step::Decline) => Self::Negotiating { to },
            (state, _) => return Err(Refusal::OutOfOrder(state)),
        })
    }
}

/// A complaint or a request, without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub id: TicketId,
    pub number: String,
    pub person: PersonId,
    pub studio: StudioId,
    pub kind: Kind,
    pub topic: Topic,
    pub state: State,
    pub order: Option<OrderId>,
    pub opened_by: PersonId,
    pub opened_at: Timestamp,
    pub respond_by: Timestamp,
    pub declines: i32,
    pub version: i64,
}

impl Ticket {
    /// Makes somebody answer for it, anybody but the member.
    pub fn assign(self, to: PersonId) -> Result<Self, Refusal> {
        if to == self.person {
            return Err(Refusal::OwnTicket);
        }
        self.take(Step::Assign { to })
    }

    pub fn progress(self, by: PersonId) -> Result<Self, Refusal> {
        self.require_assignee(by)?.take(Step::Progress)
    }

    pub fn propose(self, by: PersonId) -> Result<Self, Refusal> {
        self.require_assignee(by)?.take(Step::Propose)
    }

    /// Closes it: only for the member, and only what the member read.
    pub fn accept(self, by: PersonId, version: i64, at: Timestamp) -> Result<Self, Refusal> {
        let ticket = self.require_owner(by)?;
        let read = ticket.version;
        let accepted = ticket.take(Step::Accept { by, at })?;
        if read == version {
            Ok(accepted)
        } else {
            Err(Refusal::Changed)
        }
    }

    /// Back to negotiation: only for the member.
    pub fn decline(self, by: PersonId) -> Result<Self, Refusal> {
        let ticket = self.require_owner(by)?.take(Step::Decline)?;
        Ok(Self {
            declines: ticket.declines + 1,
            ..ticket
        })
    }

    fn take(self, step: Step) -> Result<Self, Refusal> {
        Ok(Self {
            state: self.state.take(step)?,
            version: self.version + 1,
            ..self
        })
    }

    fn require_assignee(self, by: PersonId) -> Result<Self, Refusal> {
        if self.state.assignee() == Some(by) {
            Ok(self)
        } else {
            Err(Refusal::NotAssignee)
        }
    }

    fn require_owner(self, by: PersonId) -> Result<Self, Refusal> {
        if self.person == by {
            Ok(self)
        } else {
            Err(Refusal::NotTheirs)
        }
    }
}

/// A number that people can read out: `T-` and eight letters or digits without
/// those that look alike, from the random end of the id.
pub fn number(id: TicketId) -> String {
    const LETTERS: [char; 32] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K',
        'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
    ];
    let random = id.0.as_u128();
    let letters = (0..8u32).map(|at| {
        let five_bits = usize::try_from((random >> (5 * at)) & 31).unwrap_or_default();
        LETTERS[five_bits]
    });
    format!("T-{}", letters.collect::<String>())
}

#[cfg(test)]
#[path = "ticket_tests.rs"]
mod tests;
