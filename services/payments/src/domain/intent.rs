//! One due to be paid, however often it is tried.

use chrono::Duration;
use kernel::{Amount, DueId, IntentId, LegalEntityId, PersonId, StudioId, Timestamp};

use super::attempt::Attempt;
use super::{OutOfOrder, Purpose, Refusal};
use crate::words::{kept_words, words};

kept_words! {
    State { Open = "open", Paid = "paid", Expired = "expired", Cancelled = "cancelled" }
}

words! {
    Step { Pay = "pay", Expire = "expire", Cancel = "cancel" }
}

/// What a caller asks to be collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub purpose: Purpose,
    pub due_id: DueId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub legal_entity_id: LegalEntityId,
    pub amount: Amount,
    pub description: String,
    pub expire_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    pub id: IntentId,
    pub claim: Claim,
    pub state: State,
    pub created_at: Timestamp,
    pub version: i64,
}

impl State {
    pub fn take(self, step: Step) -> Result<Self, OutOfOrder> {
        Ok(match (self, step) {
            (Self::Open, Step::Pay) => Self::Paid,
            (Self::Open, Step::Expire) => Self::Expired,
            (Self::Open, Step::Cancel) => Self::Cancelled,
            (state, step) => {
                return Err(OutOfOrder {
                    state: state.word().to_owned(),
                    step: step.word().to_owned(),
                });
            }
        })
    }
}

/// The least time that a payer must have; channels raise less to it.
pub fn least_life() -> Duration {
    Duration::minutes(1)
}

impl Claim {
    /// Makes the intent of a due that has none.
    pub fn open(self, id: IntentId, now: Timestamp) -> Result<Intent, Refusal> {
        if self.expire_at < now + least_life() {
            return Err(Refusal::ExpiresTooSoon);
        }
        Ok(Intent {
            id,
            claim: self,
            state: State::Open,
            created_at: now,
            version: 1,
        })
    }
}

impl Intent {
    /// Whether asking again means this intent. The text and the end may have
    /// been made anew by a caller that retries; what is owed may not.
    pub fn same_as(&self, again: &Claim) -> Result<(), Refusal> {
        let held = &self.claim;
        let differing = [
            ("amount", held.amount == again.amount),
            ("person_id", held.person_id == again.person_id),
            ("studio_id", held.studio_id == again.studio_id),
            ("legal_entity_id", held.legal_entity_id == again.legal_entity_id),
        ];
        match differing.into_iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(Refusal::IntentDiffers { field }),
            None => Ok(()),
        }
    }

    /// When an attempt that starts now must end: after `life`, and with the
    /// intent at the latest.
    pub fn attempt_until(&self, now: Timestamp, life: Duration) -> Result<Timestamp, Refusal> {
        match self.state {
            State::Paid => Err(Refusal::AlreadyPaid),
            State::Expired | State::Cancelled => Err(Refusal::IntentClosed {
                state: self.state.word(),
            }),
            State::Open if self.claim.expire_at < now + least_life() => Err(Refusal::ExpiresTooSoon),
            State::Open => Ok(self.claim.expire_at.min(now + life)),
        }
    }

    /// Takes the intent back; `None` when it has ended unpaid already.
    pub fn cancel(&self) -> Result<Option<Self>, Refusal> {
        match self.state {
            State::Paid => Err(Refusal::AlreadyPaid),
            State::Open | State::Expired | State::Cancelled => Ok(self.take(Step::Cancel).ok()),
        }
    }

    /// The end of an intent of which nothing can be paid any more; `None` when it
    /// has ended.
    pub fn expire(&self) -> Option<Self> {
        self.take(Step::Expire).ok()
    }

    /// The attempt in which it is to be paid: the live one, or none so far.
    pub fn attempt_under_way(live: Option<Attempt>) -> Result<Option<Attempt>, Refusal> {
        match live {
            Some(attempt) if attempt.state.is_ending() => Err(Refusal::AttemptClosing),
            live => Ok(live),
        }
    }

    /// The intent after a step.
    pub fn take(&self, step: Step) -> Result<Self, OutOfOrder> {
        Ok(Self {
            state: self.state.take(step)?,
            version: self.version + 1,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::examples::{intent, noon};

    #[test]
    fn every_step_is_allowed_from_open_only() {
        let allowed = [
            (State::Open, Step::Pay),
            (State::Open, Step::Expire),
            (State::Open, Step::Cancel),
        ];
        for state in [State::Open, State::Paid, State::Expired, State::Cancelled] {
            for step in [Step::Pay, Step::Expire, Step::Cancel] {
                assert_eq!(
                    state.take(step).is_ok(),
                    allowed.contains(&(state, step)),
                    "{state:?} {step:?}"
                );
            }
        }
    }

    #[test]
    fn asking_again_for_another_amount_or_person_is_refused_by_name() {
        let held = intent();
        assert_eq!(held.same_as(&held.claim), Ok(()));
        let more = Claim {
            amount: Amount::from_minor(1).unwrap(),
            ..held.claim.clone()
        };
        assert_eq!(
            held.same_as(&more),
            Err(Refusal::IntentDiffers { field: "amount" })
        );
        let other = Claim {
            person_id: PersonId::fresh(),
            ..held.claim.clone()
        };
        assert_eq!(
            held.same_as(&other),
            Err(Refusal::IntentDiffers { field: "person_id" })
        );
        let later = Claim {
            expire_at: noon(),
            description: "again".to_owned(),
            ..held.claim.clone()
        };
        assert_eq!(held.same_as(&later), Ok(()));
    }

    #[test]
    fn an_attempt_ends_with_its_intent_at_the_latest() {
        let held = intent();
        let end = held.claim.expire_at;
        assert_eq!(
            held.attempt_until(noon(), Duration::minutes(15)),
            Ok(noon() + Duration::minutes(15))
        );
        assert_eq!(
            held.attempt_until(end - Duration::minutes(2), Duration::minutes(15)),
            Ok(end)
        );
        assert_eq!(
            held.attempt_until(end - Duration::seconds(59), Duration::minutes(15)),
            Err(Refusal::ExpiresTooSoon)
        );
    }

    #[test]
    fn a_paid_intent_is_neither_tried_nor_cancelled() {
        let paid = intent().take(Step::Pay).unwrap();
        assert_eq!(
            paid.attempt_until(noon(), Duration::minutes(15)),
            Err(Refusal::AlreadyPaid)
        );
        assert_eq!(paid.cancel(), Err(Refusal::AlreadyPaid));
    }

    #[test]
    fn cancelling_twice_changes_nothing_more() {
        let cancelled = intent().cancel().unwrap().unwrap();
        assert_eq!(cancelled.version, 2);
        assert_eq!(cancelled.cancel(), Ok(None));
    }
}
