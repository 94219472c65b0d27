//! The register of what opens the company's accounts. It knows who holds a
//! credential and when it has to be renewed, and never the credential itself.

use chrono::Duration;
use kernel::{LegalEntityId, PersonId, Timestamp};
use uuid::Uuid;

use super::Refusal;
use crate::words::kept_words;

kept_words! {
    /// What a credential is.
    Kind {
        LoginPassword = "login_password",
        PaymentPassword = "payment_password",
        BankKey = "bank_key",
        ApiKey = "api_key",
        Certificate = "certificate",
    }
}

kept_words! {
    /// Whether a credential still opens anything.
    State { Active = "active", Retired = "retired" }
}

kept_words! {
    /// How far a rotation has come.
    Checked { Recorded = "recorded", Confirmed = "confirmed", Declined = "declined" }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub id: Uuid,
    pub legal_entity: LegalEntityId,
    pub kind: Kind,
    pub account: String,
    pub name: String,
    pub holder: PersonId,
    pub every_days: i32,
    pub rotated_at: Timestamp,
    /// Somebody else holds it since.
    pub handed_over_at: Option<Timestamp>,
    pub state: State,
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    pub id: Uuid,
    pub credential: Uuid,
    pub rotated_at: Timestamp,
    pub recorded_by: PersonId,
    pub recorded_at: Timestamp,
    pub note: String,
    pub state: Checked,
    pub checked_by: Option<PersonId>,
    pub checked_at: Option<Timestamp>,
}

impl Credential {
    /// Until when it has to be renewed. Who held it before still knows it, so a
    /// new holder renews it at once.
    pub fn rotate_by(&self) -> Timestamp {
        match self.handed_over_at {
            Some(at) if at >= self.rotated_at => at,
            _ => self.rotated_at + Duration::days(self.every_days.into()),
        }
    }

    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == State::Active && self.rotate_by() < now
    }

    fn active(&self) -> Result<(), Refusal> {
        match self.state {
            State::Active => Ok(()),
            State::Retired => Err(Refusal::CredentialRetired),
        }
    }

    pub fn change(self, holder: PersonId, every_days: i32, now: Timestamp) -> Result<Self, Refusal> {
        self.active()?;
        let handed_over_at = if holder == self.holder {
            self.handed_over_at
        } else {
            Some(now)
        };
        Ok(Self {
            holder,
            every_days,
            handed_over_at,
            version: self.version + 1,
            ..self
        })
    }

    pub fn retire(self) -> Result<Self, Refusal> {
        self.active()?;
        Ok(Self {
            state: State::Retired,
            version: self.version + 1,
            ..self
        })
    }

    /// A person's word that it was renewed, which another person has to confirm.
    /// `None` when it would be older than the renewal before.
    pub fn rotation(
        &self,
        rotated_at: Timestamp,
        note: &str,
        by: PersonId,
        now: Timestamp,
    ) -> Result<Option<Rotation>, Refusal> {
        self.active()?;
        if rotated_at <= self.rotated_at || rotated_at > now {
            return Ok(None);
        }
        Ok(Some(Rotation {
            id: kernel::fresh_uuid(),
            credential: self.id,
            rotated_at,
            recorded_by: by,
            recorded_at: now,
            note: note.to_owned(),
            state: Checked::Recorded,
            checked_by: None,
            checked_at: None,
        }))
    }

    /// The second person's word on a rotation, and the credential after it.
    pub fn check(
        self,
        rotation: Rotation,
        confirm: bool,
        by: PersonId,
        now: Timestamp,
    ) -> Result<(Self, Rotation), Refusal> {
        self.active()?;
        if rotation.state != Checked::Recorded {
            return Err(Refusal::RotationEnded);
        }
        if rotation.recorded_by == by {
            return Err(Refusal::SamePerson);
        }
        let (state, rotated_at) = if confirm {
            (Checked::Confirmed, rotation.rotated_at)
        } else {
            (Checked::Declined, self.rotated_at)
        };
        let checked = Rotation {
            state,
            checked_by: Some(by),
            checked_at: Some(now),
            ..rotation
        };
        let credential = Self {
            rotated_at,
            version: self.version + 1,
            ..self
        };
        Ok((credential, checked))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::examples::noon;

    fn credential() -> Credential {
        Credential {
            id: kernel::fresh_uuid(),
            legal_entity: LegalEntityId::fresh(),
            kind: Kind::ApiKey,
            account: "WeChat Pay 1900000001".to_owned(),
            name: "API v3".to_owned(),
            holder: PersonId::fresh(),
            every_days: 90,
            rotated_at: noon(),
            handed_over_at: None,
            state: State::Active,
            version: 1,
        }
    }

    fn days(count: i64) -> Timestamp {
        noon() + Duration::days(count)
    }

    fn rotated(credential: &Credential, at: Timestamp, by: PersonId) -> Rotation {
        let rotation = credential.rotation(at, "renewed", by, at).unwrap();
        rotation.unwrap()
    }

    #[rstest]
    #[case::in_time(90, false)]
    #[case::too_late(91, true)]
    fn it_is_overdue_once_its_days_are_over(#[case] after: i64, #[case] overdue: bool) {
        assert_eq!(credential().is_overdue(days(after)), overdue);
        let retired = credential().retire().unwrap();
        assert!(!retired.is_overdue(days(after)), "nobody needs to renew it");
    }

    #[test]
    fn another_holder_renews_it_at_once_and_the_same_one_when_it_is_time() {
        let kept = credential();
        let same = kept.clone().change(kept.holder, 30, days(1)).unwrap();
        assert_eq!(same.rotate_by(), days(30));
        let handed = kept.change(PersonId::fresh(), 90, days(1)).unwrap();
        assert_eq!(handed.rotate_by(), days(1));
        let rotation = rotated(&handed, days(2), handed.holder);
        let (renewed, _) = handed.check(rotation, true, PersonId::fresh(), days(2)).unwrap();
        assert_eq!(renewed.rotate_by(), days(92));
    }

    #[test]
    fn a_renewal_from_before_the_hand_over_does_not_help() {
        let kept = credential();
        let rotation = rotated(&kept, days(1), kept.holder);
        let handed = kept.change(PersonId::fresh(), 90, days(2)).unwrap();
        let (renewed, _) = handed.check(rotation, true, PersonId::fresh(), days(3)).unwrap();
        assert_eq!(renewed.rotate_by(), days(2));
    }

    #[test]
    fn what_a_second_person_declines_renews_nothing() {
        let kept = credential();
        let rotation = rotated(&kept, days(80), kept.holder);
        let (kept, declined) = kept.check(rotation, false, PersonId::fresh(), days(81)).unwrap();
        assert_eq!((kept.rotated_at, declined.state), (noon(), Checked::Declined));
        let again = kept.check(declined, true, PersonId::fresh(), days(82));
        assert_eq!(again.unwrap_err(), Refusal::RotationEnded);
    }

    #[test]
    fn one_person_is_not_two() {
        let kept = credential();
        let by = kept.holder;
        let rotation = rotated(&kept, days(1), by);
        assert_eq!(
            kept.check(rotation, true, by, days(1)).unwrap_err(),
            Refusal::SamePerson
        );
    }

    #[rstest]
    #[case::as_old_as_the_one_before(0, false)]
    #[case::now(5, true)]
    #[case::in_the_future(6, false)]
    fn it_was_renewed_after_the_time_before_and_not_in_the_future(#[case] at: i64, #[case] holds: bool) {
        let rotation = credential().rotation(days(at), "renewed", PersonId::fresh(), days(5));
        assert_eq!(rotation.unwrap().is_some(), holds);
    }

    #[test]
    fn a_retired_one_is_changed_no_more() {
        let retired = credential().retire().unwrap();
        let refused = Err(Refusal::CredentialRetired);
        assert_eq!(retired.clone().retire().map(drop), refused);
        assert_eq!(
            retired.clone().change(PersonId::fresh(), 1, days(1)).map(drop),
            refused
        );
        assert_eq!(
            retired
                .rotation(days(1), "renewed", PersonId::fresh(), days(1))
                .map(drop),
            refused
        );
    }
}
