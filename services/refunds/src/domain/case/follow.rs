//! What the ends of legs mean for their case.

use kernel::{PersonId, RefundLegId, Timestamp};

use super::{Case, State, Step};
use crate::domain::leg::{LegState, Outcome};
use crate::domain::{Leg, Refusal};

/// What the end of one try changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub leg: Leg,
    /// The case, which is on its way now if it was only approved.
    pub case: Case,
    /// It was only approved.
    pub begun: bool,
    /// What becomes of it: settling with the last leg back, stuck with one that
    /// bounced.
    pub then: Option<Case>,
}

impl Case {
    /// Decides what the outcome of a try of one leg changes; `legs` are all of
    /// the case. `None` for an end told twice, or told of an older try.
    pub fn follow(
        self,
        legs: &[Leg],
        leg: RefundLegId,
        attempt: i32,
        outcome: &Outcome,
    ) -> Result<Option<Followed>, Refusal> {
        let ours = legs.iter().find(|l| l.id == leg && l.attempt == attempt);
        let Some(leg) = ours.and_then(|leg| leg.clone().end(outcome)) else {
            return Ok(None);
        };
        let begun = matches!(self.state, State::Approved(_));
        let case = if begun { self.take(Step::SendBack)? } else { self };
        let legs: Vec<Leg> = legs
            .iter()
            .map(|l| if l.id == leg.id { &leg } else { l }.clone())
            .collect();
        let then = match outcome {
            Outcome::Returned => case.clone().all_returned(&legs)?,
            Outcome::Bounced { why } if matches!(case.state, State::Returning(_)) => {
                Some(case.clone().take(Step::GetStuck { why: why.clone() })?)
            }
            Outcome::Sent | Outcome::Bounced { .. } => None,
        };
        Ok(Some(Followed {
            leg,
            case,
            begun,
            then,
        }))
    }

    /// With the last leg back it is time to tell the order and the card. `None`
    /// before.
    pub fn all_returned(self, legs: &[Leg]) -> Result<Option<Self>, Refusal> {
        let back = legs.iter().all(|leg| leg.state == LegState::Returned);
        if !back || !matches!(self.state, State::Returning(_)) {
            return Ok(None);
        }
        self.take(Step::AllReturned).map(Some)
    }

    /// A named person has it sent once more: with the legs that are tried anew.
    pub fn send_again(self, legs: &[Leg], by: PersonId) -> Result<(Self, Vec<Leg>), Refusal> {
        let anew = legs.iter().filter_map(|leg| leg.clone().again()).collect();
        Ok((self.resume(by)?, anew))
    }

    /// The order wrote it down and the card gave back, or one of them never will.
    /// `None` when that was known.
    pub fn recorded(self, told: Result<(), String>, at: Timestamp) -> Result<Option<Self>, Refusal> {
        if !matches!(self.state, State::Settling(_)) {
            return Ok(None);
        }
        let step = match told {
            Ok(()) => Step::Recorded { at },
            Err(why) => Step::GetStuck { why },
        };
        self.take(step).map(Some)
    }
}
