//! Personal data with a type of its own each: checked and normalised once,
//! unable to print itself. Whoever needs the text asks for it by `expose`.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use kernel::BadField;

/// The part of a text that may be shown: its first `front` and last `back`
/// characters, stars between.
fn masked(text: &str, front: usize, back: usize) -> String {
    let count = text.chars().count();
    if count <= front + back {
        return "*".repeat(count.max(3));
    }
    let head = text.chars().take(front);
    let stars = std::iter::repeat_n('*', count - front - back);
    head.chain(stars).chain(text.chars().skip(count - back)).collect()
}

/// Full-width digits and letters, which Chinese input methods make, as ASCII.
fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{3000}' => ' ',
            other => other,
        })
        .collect()
}

macro_rules! masked_text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text itself, normalised. Never for a log, an event or a trace.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.masked())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.masked())
            }
        }
    )*};
}
masked_text!(Phone, IdNumber, PersonName, Email);

/// A mobile number of mainland China: 11 digits, the first `1`, the second 3 to 9.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Accepts blanks, hyphens, full-width digits and the prefix of the country.
    pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
        let compact: String = half_width(text)
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '(' | ')'))
            .collect();
        let digits = ["+86", "0086"]
            .iter()
            .find_map(|prefix| compact.strip_prefix(prefix))
            .unwrap_or(&compact);
        let bytes = digits.as_bytes();
        let good = bytes.len() == 11
            && bytes.iter().all(u8::is_ascii_digit)
            && bytes[0] == b'1'
            && (b'3'..=b'9').contains(&bytes[1]);
        if good {
            Ok(Self(digits.to_owned()))
        } else {
            Err(BadField::new(
                field,
                "must be a mainland mobile number of 11 digits",
            ))
        }
    }

    /// As `138****5678`.
    pub fn masked(&self) -> String {
        masked(&self.0, 3, 4)
    }
}

/// A resident identity number: 18 characters with the ISO 7064 MOD 11-2 check
/// character last and a true date of birth inside.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdNumber(String);

/// What each of the first 17 digits counts for.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check character for each remainder.
const CHECKS: &[u8; 11] = b"10X98765432";

impl IdNumber {
    pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
        let number = half_width(text.trim()).to_ascii_uppercase();
        let (Some(body), Some(check)) = (number.get(..17), number.get(17..)) else {
            return Err(BadField::new(field, "must have 18 characters"));
        };
        if number.len() != 18 || !body.bytes().all(|b| b.is_ascii_digit()) || body.starts_with('0') {
            return Err(BadField::new(field, "must be 17 digits and a check character"));
        }
        if birth_date(&number).is_none_or(|date| date.year() < 1900) {
            return Err(BadField::new(field, "must hold a true date of birth"));
        }
        if Self::check_character(body) != check.chars().next() {
            return Err(BadField::new(field, "has a wrong check character"));
        }
        Ok(Self(number))
    }

    /// The check character that belongs behind 17 digits; `None` for anything else.
    pub fn check_character(body: &str) -> Option<char> {
        if body.len() != WEIGHTS.len() {
            return None;
        }
        let mut sum = 0;
        for (digit, weight) in body.chars().zip(WEIGHTS) {
            sum += digit.to_digit(10)? * weight;
        }
        CHECKS
            .get(usize::try_from(sum % 11).ok()?)
            .copied()
            .map(char::from)
    }

    /// The date of birth inside the number.
    pub fn birth_date(&self) -> NaiveDate {
        birth_date(&self.0).unwrap_or_default()
    }

    /// As `110***********123X`.
    pub fn masked(&self) -> String {
        masked(&self.0, 3, 4)
    }
}

fn birth_date(number: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(number.get(6..14)?, "%Y%m%d").ok()
}

/// A person's name, Chinese or Latin.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(String);

impl PersonName {
    /// Blanks are collapsed, and the several middle dots of foreign names become one.
    pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
        let name = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace(['•', '・', '‧', '．'], "·");
        let allowed = |c: char| c.is_alphabetic() || matches!(c, ' ' | '·' | '-' | '\'' | '’' | '.');
        if name.chars().count() > 50 || !name.chars().next().is_some_and(char::is_alphabetic) {
            return Err(BadField::new(field, "must be a name of 1 to 50 characters"));
        }
        if !name.chars().all(allowed) {
            return Err(BadField::new(field, "must hold letters only"));
        }
        Ok(Self(name))
    }

    /// As `林**`.
    pub fn masked(&self) -> String {
        let rest = self.0.chars().count().saturating_sub(1).max(1);
        self.0
            .chars()
            .take(1)
            .chain(std::iter::repeat_n('*', rest))
            .collect()
    }
}

/// An e-mail address, in lower case so that equal addresses are equal texts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
        let address = half_width(text.trim()).to_ascii_lowercase();
        let good = address.len() <= 254
            && address
                .rsplit_once('@')
                .is_some_and(|(l, d)| good_local(l) && good_domain(d));
        if good {
            Ok(Self(address))
        } else {
            Err(BadField::new(field, "must be an e-mail address"))
        }
    }

    /// As `l***@example.com`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        format!("{}***@{domain}", local.chars().take(1).collect::<String>())
    }
}

fn good_local(local: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn good_domain(domain: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn body()(area in 110_000u32..=659_999, days in 0i32..40_000, serial in 0u32..1000) -> String {
            let born = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::Duration::days(i64::from(days));
            format!("{area}{}{serial:03}", born.format("%Y%m%d"))
        }
    }

    /// ISO 7064 in its recursive form, written a second time to check the first.
    fn iso_7064_accepts(number: &str) -> bool {
        let remainder = number.chars().fold(0, |p, c| {
            (p * 2 + if c == 'X' { 10 } else { c.to_digit(10).unwrap() }) % 11
        });
        remainder == 1
    }

    proptest! {
        #[test]
        fn the_check_character_satisfies_the_standards_own_recursion(body in body()) {
            let number = format!("{body}{}", IdNumber::check_character(&body).unwrap());
            prop_assert!(iso_7064_accepts(&number));
            prop_assert!(IdNumber::parse("id_number", &number).is_ok());
        }

        #[test]
        fn one_wrong_digit_is_always_noticed(body in body(), at in 0usize..17, other in 0u32..10) {
            let check = IdNumber::check_character(&body).unwrap();
            let mut digits: Vec<char> = body.chars().collect();
            let wrong = char::from_digit(other, 10).unwrap();
            prop_assume!(digits[at] != wrong);
            digits[at] = wrong;
            let number: String = digits.into_iter().chain([check]).collect();
            prop_assert!(IdNumber::parse("id_number", &number).is_err());
        }

        #[test]
        fn two_swapped_neighbours_are_always_noticed(body in body(), at in 0usize..16) {
            let check = IdNumber::check_character(&body).unwrap();
            let mut digits: Vec<char> = body.chars().collect();
            prop_assume!(digits[at] != digits[at + 1]);
            digits.swap(at, at + 1);
            let number: String = digits.into_iter().chain([check]).collect();
            prop_assert!(IdNumber::parse("id_number", &number).is_err());
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in "\\PC{0,40}") {
            let outcomes = [
                Phone::parse("f", &text).is_ok(),
                IdNumber::parse("f", &text).is_ok(),
                PersonName::parse("f", &text).is_ok(),
                Email::parse("f", &text).is_ok(),
            ];
            prop_assert_eq!(outcomes.len(), 4);
        }

        #[test]
        fn a_phone_prints_no_more_than_seven_of_its_digits(tail in 0u32..1_000_000_000) {
            let phone = Phone::parse("phone", &format!("13{tail:09}")).unwrap();
            let printed = format!("{phone} {phone:?}");
            prop_assert!(!printed.contains(phone.expose()));
            prop_assert_eq!(phone.masked().chars().filter(char::is_ascii_digit).count(), 7);
        }
    }

    #[test]
    fn a_phone_is_the_same_however_it_is_typed() {
        for text in [
            "13800138000",
            "138 0013 8000",
            "+86 138-0013-8000",
            "008613800138000",
            "１３８００１３８０００",
        ] {
            assert_eq!(
                Phone::parse("phone", text).unwrap().expose(),
                "13800138000",
                "{text}"
            );
        }
    }

    #[test]
    fn no_landline_and_no_foreign_number_is_a_phone() {
        for text in [
            "",
            "12800138000",
            "1380013800",
            "138001380000",
            "010-62345678",
            "+1 4155550100",
            "1380013800a",
        ] {
            assert!(Phone::parse("phone", text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_id_number_in_small_letters_is_read_and_its_birthday_known() {
        let number = IdNumber::parse("id_number", " 11010519491231002x ").unwrap();
        assert_eq!(number.expose(), "11010519491231002X");
        assert_eq!(Some(number.birth_date()), NaiveDate::from_ymd_opt(1949, 12, 31));
        assert_eq!(number.masked(), "110***********002X");
    }

    #[test]
    fn an_id_number_with_a_day_that_never_was_is_refused() {
        let body = "11010519990230123";
        let number = format!("{body}{}", IdNumber::check_character(body).unwrap());
        assert_eq!(
            IdNumber::parse("id_number", &number).unwrap_err().description,
            "must hold a true date of birth"
        );
    }

    #[test]
    fn names_keep_their_dots_and_lose_spare_blanks() {
        assert_eq!(
            PersonName::parse("name", "  阿依古丽•买买提 ").unwrap().expose(),
            "阿依古丽·买买提"
        );
        assert_eq!(
            PersonName::parse("name", "Anna  Maria").unwrap().expose(),
            "Anna Maria"
        );
        assert_eq!(PersonName::parse("name", "林晓").unwrap().to_string(), "林*");
        for text in ["", " ", "林\u{0}晓", "<b>", "12345"] {
            assert!(PersonName::parse("name", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_email_cannot_smuggle_a_header_or_a_second_address() {
        assert_eq!(
            Email::parse("email", "Lin.Xiao@Example.COM").unwrap().expose(),
            "lin.xiao@example.com"
        );
        assert_eq!(
            Email::parse("email", "lin@example.com").unwrap().to_string(),
            "l***@example.com"
        );
        for text in [
            "a@b",
            "a b@example.com",
            "a@example.com\r\nBcc: x@y.z",
            "a,b@example.com",
            "@example.com",
            "a@-x.com",
        ] {
            assert!(Email::parse("email", text).is_err(), "{text:?}");
        }
    }
}
