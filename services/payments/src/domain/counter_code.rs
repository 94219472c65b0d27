//! Static codes on counters: which one stands where, and whether it is still the
//! one that was put up. Only a digest of what a code holds is known.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::Duration;
use kernel::{LegalEntityId, PersonId, StudioId, Timestamp};
use uuid::Uuid;

use super::Refusal;
use crate::words::kept_words;

kept_words! {
    /// Whose code it is, as a book's party is called.
    Channel { Wechat = "wechat", Alipay = "alipay" }
}

kept_words! {
    State {
        Up = "up",
        /// Another one took its place.
        Replaced = "replaced",
        Down = "down",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterCode {
    pub id: Uuid,
    pub studio: StudioId,
    pub legal_entity: LegalEntityId,
    pub channel: Channel,
    pub place: String,
    /// From 1 at its place.
    pub number: i32,
    pub digest: Vec<u8>,
    pub state: State,
    pub put_up_by: PersonId,
    pub put_up_at: Timestamp,
    /// When it was last found to be itself.
    pub checked_at: Option<Timestamp>,
    pub check_by: Timestamp,
    /// Since when another one was found in its place.
    pub suspected_at: Option<Timestamp>,
    pub version: i64,
}

/// Of what a scanner reads, without what it may add around it.
pub fn digest_of(content: &str) -> Vec<u8> {
    digest(&SHA256, content.trim().as_bytes()).as_ref().to_vec()
}

impl CounterCode {
    /// The code after somebody scanned what stands in its place. One that was found
    /// to be another stays suspected: who swapped it may have swapped it back.
    pub fn check(&self, content: &str, now: Timestamp, every: Duration) -> Result<(Self, bool), Refusal> {
        self.up()?;
        let same = digest_of(content) == self.digest;
        let checked = Self {
            checked_at: if same { Some(now) } else { self.checked_at },
            check_by: if same { now + every } else { self.check_by },
            suspected_at: if same {
                self.suspected_at
            } else {
                self.suspected_at.or(Some(now))
            },
            version: self.version + 1,
            ..self.clone()
        };
        Ok((checked, same))
    }

    /// It stands nowhere any more.
    pub fn end(&self, state: State) -> Result<Self, Refusal> {
        self.up()?;
        Ok(Self {
            state,
            version: self.version + 1,
            ..self.clone()
        })
    }

    fn up(&self) -> Result<(), Refusal> {
        match self.state {
            State::Up => Ok(()),
            State::Replaced | State::Down => Err(Refusal::CodeDown),
        }
    }

    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == State::Up && self.check_by < now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::examples::noon;

    const CONTENT: &str = "wxp://f2f0AbCdEf";

    fn code() -> CounterCode {
        CounterCode {
            id: Uuid::from_u128(1),
            studio: StudioId::fresh(),
            legal_entity: LegalEntityId::fresh(),
            channel: Channel::Wechat,
            place: "前台左".to_owned(),
            number: 1,
            digest: digest_of(CONTENT),
            state: State::Up,
            put_up_by: PersonId::fresh(),
            put_up_at: noon(),
            checked_at: None,
            check_by: noon() + Duration::days(7),
            suspected_at: None,
            version: 1,
        }
    }

    fn week() -> Duration {
        Duration::days(7)
    }

    #[test]
    fn the_same_content_puts_the_next_check_off_and_another_does_not() {
        let later = noon() + Duration::days(5);
        let (same, holds) = code().check(&format!(" {CONTENT}\n"), later, week()).unwrap();
        assert!(holds && same.suspected_at.is_none());
        assert_eq!((same.checked_at, same.check_by), (Some(later), later + week()));
        let (other, holds) = code().check("wxp://f2f0AbCdEg", later, week()).unwrap();
        assert!(!holds);
        assert_eq!((other.checked_at, other.check_by), (None, code().check_by));
        assert_eq!(other.suspected_at, Some(later));
    }

    #[test]
    fn a_suspected_code_stays_so_though_it_is_itself_again() {
        let (other, _) = code().check("another", noon(), week()).unwrap();
        let (again, holds) = other.check(CONTENT, noon() + Duration::hours(1), week()).unwrap();
        assert!(holds);
        assert_eq!(again.suspected_at, Some(noon()));
    }

    #[test]
    fn what_stands_nowhere_is_not_checked_and_never_overdue() {
        for state in [State::Replaced, State::Down] {
            let ended = code().end(state).unwrap();
            assert_eq!(ended.check(CONTENT, noon(), week()), Err(Refusal::CodeDown));
            assert_eq!(ended.end(State::Down), Err(Refusal::CodeDown));
            assert!(!ended.is_overdue(noon() + Duration::days(99)));
        }
        assert!(!code().is_overdue(code().check_by));
        assert!(code().is_overdue(code().check_by + Duration::seconds(1)));
    }
}
