//! A person who exists nowhere: a prefix and an area that were never given out.

use kernel::fresh_uuid;
use platform::personal::IdNumber;

use crate::failure::Failure;

/// The demo's studio.
pub const STUDIO: &str = "BJ-GUOMAO";

/// The member of the story.
pub struct Member {
    pub person_id: String,
    pub token: String,
    pub studio_id: String,
    pub email: String,
}

/// What a person says about themselves.
pub struct Newcomer {
    pub name: &'static str,
    pub phone: String,
    pub id_number: String,
    pub email: String,
}

impl Newcomer {
    pub fn made_up() -> Result<Self, Failure> {
        let random = fresh_uuid().as_u128();
        let digits = |count: u32, from: u32| {
            let modulus = 10u128.pow(count);
            format!(
                "{:0width$}",
                (random >> from) % modulus,
                width = usize::try_from(count).unwrap_or_default()
            )
        };
        let day = 1 + (random >> 7) % 28;
        let month = 1 + (random >> 13) % 12;
        let year = 1975 + (random >> 19) % 30;
        let body = format!("119900{year}{month:02}{day:02}{}", digits(3, 24));
        let check = IdNumber::check_character(&body).ok_or_else(|| Failure::new("no check character"))?;
        let tail = digits(8, 0);
        let names = ["林晓", "周子安", "吴佳宁", "郑雨桐", "陈思远"];
        let name = names[usize::try_from(random % 5).unwrap_or_default()];
        Ok(Self {
            name,
            phone: format!("154{tail}"),
            id_number: format!("{body}{check}"),
            email: format!("demo{tail}@example.com"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::personal::{Email, Phone};

    #[test]
    fn a_made_up_person_passes_every_check_and_can_exist_nowhere() {
        for _ in 0..200 {
            let person = Newcomer::made_up().unwrap();
            assert!(Phone::parse("phone", &person.phone).is_ok(), "{}", person.phone);
            assert!(
                IdNumber::parse("id_number", &person.id_number).is_ok(),
                "{}",
                person.id_number
            );
            assert!(Email::parse("email", &person.email).is_ok());
            assert!(person.phone.starts_with("154") && person.id_number.starts_with("119900"));
        }
    }
}
