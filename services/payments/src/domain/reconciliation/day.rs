//! One day of one account, from its bills to its close.

use chrono::NaiveDate;
use kernel::PersonId;

use crate::domain::Refusal;
use crate::words::kept_words;

kept_words! {
    State {
        /// Its bills are held against ours.
        Matched = "matched",
        /// The next day's are too, so nothing of it can still come.
        Judged = "judged",
        Closed = "closed",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    pub day: NaiveDate,
    pub state: State,
    /// Who of finance went through it.
    pub signed_by: Option<PersonId>,
    pub closed_by: Option<PersonId>,
    pub version: i64,
}

impl Day {
    /// Finance went through the day. Signing again by somebody else counts anew.
    pub fn sign(self, by: PersonId) -> Result<Self, Refusal> {
        if self.state == State::Closed {
            return Err(self.refused());
        }
        Ok(Self {
            signed_by: Some(by),
            version: self.version + 1,
            ..self
        })
    }

    /// Closes the day for good: when it is judged, signed by somebody else, and
    /// nothing of it is open.
    pub fn close(self, by: PersonId, open: i64) -> Result<Self, Refusal> {
        if self.state != State::Judged {
            return Err(self.refused());
        }
        match self.signed_by {
            None => Err(Refusal::DayNotSigned),
            Some(signer) if signer == by => Err(Refusal::SamePerson),
            Some(_) if open > 0 => Err(Refusal::DifferencesOpen { open }),
            Some(_) => Ok(Self {
                state: State::Closed,
                closed_by: Some(by),
                version: self.version + 1,
                ..self
            }),
        }
    }

    fn refused(&self) -> Refusal {
        Refusal::DayState {
            state: self.state.word(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged() -> Day {
        Day {
            day: NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(),
            state: State::Judged,
            signed_by: None,
            closed_by: None,
            version: 2,
        }
    }

    #[test]
    fn a_day_is_closed_by_another_than_who_signed_and_only_when_nothing_is_open() {
        let (one, other) = (PersonId::fresh(), PersonId::fresh());
        assert_eq!(judged().close(one, 0), Err(Refusal::DayNotSigned));
        let signed = judged().sign(one).unwrap();
        assert_eq!(signed.clone().close(one, 0), Err(Refusal::SamePerson));
        assert_eq!(
            signed.clone().close(other, 1),
            Err(Refusal::DifferencesOpen { open: 1 })
        );
        let closed = signed.close(other, 0).unwrap();
        assert_eq!((closed.state, closed.closed_by), (State::Closed, Some(other)));
        assert!(closed.clone().close(other, 0).is_err() && closed.sign(one).is_err());
    }

    #[test]
    fn a_day_that_can_still_change_is_not_closed() {
        let matched = Day {
            state: State::Matched,
            ..judged()
        };
        let signed = matched.sign(PersonId::fresh()).unwrap();
        assert_eq!(
            signed.close(PersonId::fresh(), 0),
            Err(Refusal::DayState { state: "matched" })
        );
    }
}
