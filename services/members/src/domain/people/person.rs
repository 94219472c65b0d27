use kernel::{BadField, Invalid, PersonId, StudioId, Timestamp};
use platform::personal::{Email, IdNumber, PersonName, Phone};

/// In which language a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// As it is kept and as files have it: `zh-CN`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
        [Self::Chinese, Self::English]
            .into_iter()
            .find(|language| language.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| BadField::new(field, "must be zh-CN or en"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonState {
    Registered,
    Erased,
}

/// A person without any personal value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// None for staff who are no members.
    pub home: Option<StudioId>,
    pub state: PersonState,
    pub language: Language,
    pub registered_at: Timestamp,
    pub version: i64,
}

/// What a person says about themselves, each value of good form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub name: PersonName,
    pub phone: Phone,
    pub id_number: IdNumber,
    pub email: Option<Email>,
    pub home: StudioId,
    pub language: Language,
}

impl Registration {
    /// Reads the values as they were typed, and names every bad one at once.
    pub fn parse(
        name: &str,
        phone: &str,
        id_number: &str,
        email: &str,
        home: &str,
        language: Language,
    ) -> Result<Self, Invalid> {
        let email = (!email.trim().is_empty())
            .then(|| Email::parse("email", email))
            .transpose();
        let values = (
            PersonName::parse("name", name),
            Phone::parse("phone", phone),
            IdNumber::parse("id_number", id_number),
            email,
            StudioId::parse("home_studio_id", home),
        );
        match values {
            (Ok(name), Ok(phone), Ok(id_number), Ok(email), Ok(home)) => Ok(Self {
                name,
                phone,
                id_number,
                email,
                home,
                language,
            }),
            (name, phone, id_number, email, home) => {
                let bad = [name.err(), phone.err(), id_number.err(), email.err(), home.err()];
                Err(Invalid(bad.into_iter().flatten().collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDIO: &str = "01938e5e-0000-7000-8000-000000000001";

    #[test]
    fn every_bad_value_is_named_at_once() {
        let bad = Registration::parse("1", "123", "11010519491231002Y", "nobody", "", Language::Chinese);
        let fields: Vec<String> = bad.unwrap_err().0.into_iter().map(|b| b.field).collect();
        assert_eq!(fields, ["name", "phone", "id_number", "email", "home_studio_id"]);
    }

    #[test]
    fn an_address_may_be_missing_but_not_wrong() {
        let parse = |email: &str| {
            Registration::parse(
                "林晓",
                "13800138000",
                "11010519491231002X",
                email,
                STUDIO,
                Language::English,
            )
        };
        assert_eq!(parse(" ").map(|r| r.email), Ok(None));
        assert!(parse("lin@example.com").is_ok_and(|r| r.email.is_some()));
        assert!(parse("lin@").is_err());
    }
}
