//! One way back for a part of a case.

use kernel::{Amount, DueId, RefundCaseId, RefundLegId};
use uuid::Uuid;

use super::order::Route;

/// Where a leg stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegState {
    Planned,
    Sent,
    Returned,
    Bounced { why: String },
}

impl LegState {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Returned => "returned",
            Self::Bounced { .. } => "bounced",
        }
    }
}

/// How one try ended, or did not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side works on it and will tell.
    Sent,
    Returned,
    Bounced {
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub id: RefundLegId,
    pub case: RefundCaseId,
    pub due: DueId,
    pub route: Route,
    pub amount: Amount,
    pub state: LegState,
    /// From 1.
    pub attempt: i32,
    pub version: i64,
}

impl Leg {
    /// What the other side knows this try by, the same on every retry.
    pub fn sent_as(&self) -> Uuid {
        kernel::derived_uuid(self.id.0, &format!("attempt {}", self.attempt))
    }

    /// None when nothing changes: an end told twice, or told of an older try.
    pub fn end(self, outcome: &Outcome) -> Option<Self> {
        let state = match (&self.state, outcome) {
            (LegState::Planned, Outcome::Sent) => LegState::Sent,
            (LegState::Planned | LegState::Sent, Outcome::Returned) => LegState::Returned,
            (LegState::Planned | LegState::Sent, Outcome::Bounced { why }) => {
                LegState::Bounced { why: why.clone() }
            }
            _ => return None,
        };
        Some(Self {
            state,
            version: self.version + 1,
            ..self
        })
    }

    /// Another try. None unless it bounced.
    pub fn again(self) -> Option<Self> {
        let bounced = matches!(self.state, LegState::Bounced { .. });
        bounced.then(|| Self {
            state: LegState::Planned,
            attempt: self.attempt + 1,
            version: self.version + 1,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(state: LegState) -> Leg {
        Leg {
            id: RefundLegId::fresh(),
            case: RefundCaseId::fresh(),
            due: DueId::fresh(),
            route: Route::Wallet,
            amount: Amount::from_minor(1).unwrap(),
            state,
            attempt: 1,
            version: 1,
        }
    }

    #[test]
    fn every_pair_of_state_and_outcome_changes_what_is_declared() {
        let bounced = || LegState::Bounced {
            why: "CLOSED".to_owned(),
        };
        let states = [LegState::Planned, LegState::Sent, LegState::Returned, bounced()];
        let outcomes = [
            Outcome::Sent,
            Outcome::Returned,
            Outcome::Bounced {
                why: "CLOSED".to_owned(),
            },
        ];
        let declared = [
            ("planned", 0, "sent"),
            ("planned", 1, "returned"),
            ("planned", 2, "bounced"),
            ("sent", 1, "returned"),
            ("sent", 2, "bounced"),
        ];
        for state in &states {
            for (at, outcome) in outcomes.iter().enumerate() {
                let to = leg(state.clone()).end(outcome).map(|leg| leg.state.name());
                let expected = declared
                    .iter()
                    .find(|(from, by, _)| *from == state.name() && *by == at)
                    .map(|d| d.2);
                assert_eq!(to, expected, "{} by {outcome:?}", state.name());
            }
            assert_eq!(leg(state.clone()).again().is_some(), *state == bounced());
        }
    }

    #[test]
    fn another_try_is_known_by_another_id() {
        let first = leg(LegState::Bounced {
            why: "CLOSED".to_owned(),
        });
        assert_eq!(first.sent_as(), first.clone().sent_as());
        assert_ne!(first.clone().again().unwrap().sent_as(), first.sent_as());
    }
}
