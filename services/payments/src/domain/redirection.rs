//! Another bank card of the payer's for a refund that hangs at its channel.

use kernel::{PersonId, RefundId, StudioId, Timestamp};
use uuid::Uuid;

use super::refund::{Refund, State as RefundState};
use super::{Method, Refusal};
use crate::channel::{Outcome, Returned};

/// What stands there when the refund had another end before the channel was told.
const REFUND_ENDED: &str = "REFUND_ENDED";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Proposed,
    Declined {
        checker: PersonId,
        at: Timestamp,
    },
    Confirmed {
        checker: PersonId,
    },
    /// The channel took it.
    Accepted {
        checker: PersonId,
        at: Timestamp,
    },
    Refused {
        checker: PersonId,
        at: Timestamp,
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    pub id: Uuid,
    pub refund_id: RefundId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    /// The channel's word for it.
    pub bank: String,
    /// The last digits of the card's number.
    pub number_end: String,
    pub maker: PersonId,
    pub proposed_at: Timestamp,
    pub state: State,
    pub traceparent: String,
    pub version: i64,
}

/// What a person or the channel does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Decline { by: PersonId, at: Timestamp },
    Confirm { by: PersonId },
    Accept { at: Timestamp },
    Refuse { at: Timestamp, why: String },
}

impl State {
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Declined { .. } => "declined",
            Self::Confirmed { .. } => "confirmed",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
        }
    }

    pub const fn checker(&self) -> Option<PersonId> {
        match self {
            Self::Proposed => None,
            Self::Declined { checker, .. }
            | Self::Confirmed { checker }
            | Self::Accepted { checker, .. }
            | Self::Refused { checker, .. } => Some(*checker),
        }
    }

    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Proposed | Self::Confirmed { .. } => None,
            Self::Declined { at, .. } | Self::Accepted { at, .. } | Self::Refused { at, .. } => Some(*at),
        }
    }

    pub fn refused_why(&self) -> Option<&str> {
        match self {
            Self::Refused { why, .. } => Some(why),
            _ => None,
        }
    }
}

impl Redirection {
    /// Names a card for a refund that hangs.
    pub fn propose(
        refund: &Refund,
        method: Method,
        (bank, number): (&str, &str),
        maker: PersonId,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        hangs(refund)?;
        if !matches!(
            method,
            Method::WechatNative | Method::WechatCodepay | Method::WechatJsapi
        ) {
            return Err(Refusal::RedirectionNotOffered);
        }
        Ok(Self {
            id: kernel::fresh_uuid(),
            refund_id: refund.id,
            person_id: refund.person_id,
            studio_id: refund.studio_id,
            bank: bank.to_owned(),
            number_end: number
                .get(number.len().saturating_sub(4)..)
                .unwrap_or_default()
                .to_owned(),
            maker,
            proposed_at: now,
            state: State::Proposed,
            traceparent: String::new(),
            version: 1,
        })
    }

    pub fn take(&self, step: Step) -> Result<Self, Refusal> {
        let state = match (&self.state, step) {
            (State::Proposed, Step::Decline { by, .. } | Step::Confirm { by }) if by == self.maker => {
                return Err(Refusal::SamePerson);
            }
            (State::Proposed, Step::Decline { by, at }) => State::Declined { checker: by, at },
            (State::Proposed, Step::Confirm { by }) => State::Confirmed { checker: by },
            (State::Confirmed { checker }, Step::Accept { at }) => State::Accepted {
                checker: *checker,
                at,
            },
            (State::Confirmed { checker }, Step::Refuse { at, why }) => State::Refused {
                checker: *checker,
                at,
                why,
            },
            (state, _) => return Err(Refusal::RedirectionState { state: state.word() }),
        };
        Ok(Self {
            state,
            version: self.version + 1,
            ..self.clone()
        })
    }
}

/// Refuses what does not hang at its channel.
pub fn hangs(refund: &Refund) -> Result<(), Refusal> {
    match refund.state {
        RefundState::Abnormal => Ok(()),
        _ => Err(Refusal::RefundNotHanging),
    }
}

/// What became of it while nobody knew the channel's answer: a refund that arrived
/// went there, one that ended otherwise goes nowhere. `None` while it hangs.
pub fn overtaken(refund: &Refund, at: Timestamp) -> Option<Step> {
    match refund.state {
        RefundState::Abnormal => None,
        RefundState::Succeeded { .. } => Some(Step::Accept { at }),
        RefundState::Reserved | RefundState::Submitted | RefundState::Bounced { .. } => Some(Step::Refuse {
            at,
            why: REFUND_ENDED.to_owned(),
        }),
    }
}

/// What the channel's answer means; `None` as long as it says nothing certain.
pub fn heard(outcome: Outcome<Returned>, at: Timestamp) -> Option<Step> {
    match outcome {
        Outcome::Succeeded(_) | Outcome::Pending => Some(Step::Accept { at }),
        Outcome::Failed(failure) => Some(Step::Refuse {
            at,
            why: failure.code,
        }),
        Outcome::Unknown(_) | Outcome::NotFound | Outcome::NeedsPerson(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Failure;
    use crate::domain::examples::noon;
    use rstest::rstest;

    fn proposed(maker: PersonId) -> Redirection {
        Redirection {
            id: kernel::fresh_uuid(),
            refund_id: RefundId::fresh(),
            person_id: PersonId::fresh(),
            studio_id: StudioId::fresh(),
            bank: "ICBC_DEBIT".to_owned(),
            number_end: "1234".to_owned(),
            maker,
            proposed_at: noon(),
            state: State::Proposed,
            traceparent: String::new(),
            version: 1,
        }
    }

    /// Every state and every step, by another person than the maker.
    #[rstest]
    #[case(&[], "decline", Some("declined"))]
    #[case(&[], "confirm", Some("confirmed"))]
    #[case(&[], "accept", None)]
    #[case(&[], "refuse", None)]
    #[case(&["confirm"], "accept", Some("accepted"))]
    #[case(&["confirm"], "refuse", Some("refused"))]
    #[case(&["confirm"], "confirm", None)]
    #[case(&["confirm"], "decline", None)]
    #[case(&["decline"], "confirm", None)]
    #[case(&["decline"], "accept", None)]
    #[case(&["confirm", "accept"], "refuse", None)]
    #[case(&["confirm", "refuse"], "accept", None)]
    fn a_redirection_takes_these_steps(
        #[case] before: &[&str],
        #[case] step: &str,
        #[case] after: Option<&str>,
    ) {
        let checker = PersonId::fresh();
        let step_of = |word: &str| match word {
            "decline" => Step::Decline {
                by: checker,
                at: noon(),
            },
            "confirm" => Step::Confirm { by: checker },
            "accept" => Step::Accept { at: noon() },
            _ => Step::Refuse {
                at: noon(),
                why: "NO".to_owned(),
            },
        };
        let mut redirection = proposed(PersonId::fresh());
        for word in before {
            redirection = redirection.take(step_of(word)).unwrap();
        }
        let taken = redirection.take(step_of(step));
        assert_eq!(taken.as_ref().ok().map(|r| r.state.word()), after);
        if let Ok(taken) = taken {
            assert_eq!(
                (taken.version, taken.state.checker()),
                (redirection.version + 1, Some(checker))
            );
        }
    }

    #[rstest]
    fn who_proposed_decides_nothing(#[values(true, false)] confirm: bool) {
        let maker = PersonId::fresh();
        let step = if confirm {
            Step::Confirm { by: maker }
        } else {
            Step::Decline {
                by: maker,
                at: noon(),
            }
        };
        assert!(matches!(proposed(maker).take(step), Err(Refusal::SamePerson)));
    }

    #[test]
    fn only_a_certain_answer_ends_it() {
        assert_eq!(heard(Outcome::Pending, noon()), Some(Step::Accept { at: noon() }));
        let refused = heard(Outcome::Failed(Failure::for_good("NO")), noon());
        assert_eq!(
            refused,
            Some(Step::Refuse {
                at: noon(),
                why: "NO".to_owned()
            })
        );
        for open in [
            Outcome::Unknown("late".to_owned()),
            Outcome::NotFound,
            Outcome::NeedsPerson("ABNORMAL".to_owned()),
        ] {
            assert_eq!(heard(open, noon()), None);
        }
    }
}
