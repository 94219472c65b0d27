use kernel::{CardId, ChallengeId, PersonId, Timestamp};

/// What a code is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    Activation,
}

impl Purpose {
    /// As it is kept: `sign_in`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Activation => "activation",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::SignIn, Self::Activation]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
    }
}

/// A one-time code that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub id: ChallengeId,
    pub purpose: Purpose,
    /// Nobody for a decoy: a phone that no one has gets a challenge as well.
    pub person: Option<PersonId>,
    pub card: Option<CardId>,
    /// Keyed hash of the phone number for which it was asked.
    pub subject: Vec<u8>,
    /// Keyed hash of the code.
    pub digest: Vec<u8>,
    pub wrong: i16,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub version: i64,
}

/// What came of an answer to a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The code is right; the challenge is used up now.
    Right(Challenge, PersonId),
    /// Wrong; it counts.
    Wrong(Challenge),
    /// Expired, used, or tried too often: no answer can be right any more.
    Spent,
}

impl Challenge {
    /// Judges an answer: `same_code` tells whether the digests are equal,
    /// compared in constant time.
    pub fn answer(
        self,
        purpose: Purpose,
        subject: &[u8],
        same_code: bool,
        most_wrong: i16,
        now: Timestamp,
    ) -> Answer {
        if self.purpose != purpose || self.subject != subject {
            return Answer::Wrong(self.counted());
        }
        if now >= self.expires_at || self.used_at.is_some() || self.wrong >= most_wrong {
            return Answer::Spent;
        }
        match self.person {
            Some(person) if same_code => Answer::Right(
                Self {
                    used_at: Some(now),
                    version: self.version + 1,
                    ..self
                },
                person,
            ),
            _ => Answer::Wrong(self.counted()),
        }
    }

    /// Whether the sealed copy of the code may still be read.
    pub fn readable(&self, now: Timestamp) -> bool {
        now < self.expires_at && self.used_at.is_none()
    }

    fn counted(self) -> Self {
        Self {
            wrong: self.wrong.saturating_add(1),
            version: self.version + 1,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn challenge(person: Option<PersonId>) -> Challenge {
        Challenge {
            id: ChallengeId::fresh(),
            purpose: Purpose::SignIn,
            person,
            card: None,
            subject: vec![1],
            digest: vec![2],
            wrong: 0,
            expires_at: at("2026-11-21T12:05:00Z"),
            used_at: None,
            version: 1,
        }
    }

    #[test]
    fn the_right_code_works_once() {
        let person = PersonId::fresh();
        let now = at("2026-11-21T12:00:00Z");
        let Answer::Right(used, who) = challenge(Some(person)).answer(Purpose::SignIn, &[1], true, 5, now)
        else {
            panic!("refused");
        };
        assert_eq!(who, person);
        assert_eq!(
            used.clone().answer(Purpose::SignIn, &[1], true, 5, now),
            Answer::Spent
        );
        assert!(!used.readable(now));
    }

    #[test]
    fn a_wrong_code_a_wrong_phone_and_a_decoy_are_counted_alike() {
        let now = at("2026-11-21T12:00:00Z");
        let real = challenge(Some(PersonId::fresh()));
        for answer in [
            real.clone().answer(Purpose::SignIn, &[1], false, 5, now),
            real.clone().answer(Purpose::SignIn, &[9], true, 5, now),
            real.answer(Purpose::Activation, &[1], true, 5, now),
            challenge(None).answer(Purpose::SignIn, &[1], true, 5, now),
        ] {
            assert!(matches!(answer, Answer::Wrong(counted) if counted.wrong == 1));
        }
    }

    #[test]
    fn an_expired_or_exhausted_challenge_takes_no_right_answer() {
        let real = challenge(Some(PersonId::fresh()));
        let tried = Challenge {
            wrong: 5,
            ..real.clone()
        };
        assert_eq!(
            tried.answer(Purpose::SignIn, &[1], true, 5, at("2026-11-21T12:00:00Z")),
            Answer::Spent
        );
        assert_eq!(
            real.answer(Purpose::SignIn, &[1], true, 5, at("2026-11-21T12:05:00Z")),
            Answer::Spent
        );
    }
}
