//! What a payer writes into the remark of a transfer, and the slip they show.

use std::fmt;

use crate::words::kept_words;

/// Digits of a number without its check.
const DIGITS: usize = 10;
/// Digits of a reference, with the two that check the others.
const ALL: usize = DIGITS + 2;
const NUMBERS: std::ops::Range<i64> = 1_000_000_000..10_000_000_000;

/// The number of an intent's transfer, for ever. As text it is `T`, ten digits and
/// two that make the whole leave 1 when it is divided by 97 (ISO 7064), so that one
/// wrong digit and two that changed places are never taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference(i64);

impl Reference {
    pub fn of(number: i64) -> Option<Self> {
        NUMBERS.contains(&number).then_some(Self(number))
    }

    pub const fn number(self) -> i64 {
        self.0
    }

    /// The one reference in what somebody wrote. Spaces and dashes between its
    /// digits are what bank apps and people add. Two of them are none: nobody knows
    /// which is meant.
    pub fn find(memo: &str) -> Option<Self> {
        let text: Vec<char> = memo.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let mut found = text
            .iter()
            .enumerate()
            .filter(|(_, c)| matches!(c, 'T' | 't'))
            .filter_map(|(at, _)| Self::read(&text[at + 1..]));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    fn read(text: &[char]) -> Option<Self> {
        let digits: String = text.iter().take_while(|c| c.is_ascii_digit()).collect();
        if digits.len() != ALL {
            return None;
        }
        let whole: i64 = digits.parse().ok()?;
        (whole % 97 == 1).then(|| Self::of(whole / 100)).flatten()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = 98 - self.0 * 100 % 97;
        write!(f, "T{:0width$}{check:02}", self.0, width = DIGITS)
    }
}

kept_words! {
    /// What a slip is.
    ProofKind { Png = "png", Jpeg = "jpeg", Pdf = "pdf" }
}

impl ProofKind {
    /// Whether a file begins as one of its kind does. What a browser would take for
    /// something else is not kept.
    pub fn fits(self, content: &[u8]) -> bool {
        let begins: &[u8] = match self {
            Self::Png => b"\x89PNG\r\n\x1a\n",
            Self::Jpeg => b"\xff\xd8\xff",
            Self::Pdf => b"%PDF-",
        };
        content.starts_with(begins)
    }
}

/// Slips that are kept of one intent.
pub const MOST_PROOFS: i64 = 5;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn reference() -> Reference {
        Reference::of(1_234_567_890).unwrap()
    }

    #[rstest]
    #[case::as_told("{}")]
    #[case::among_words("李雷 年卡 {} 谢谢")]
    #[case::after_letters("附言ABC{}")]
    #[case::twice("{} {}")]
    fn a_reference_is_found_in_what_people_write(#[case] memo: &str) {
        let memo = memo.replace("{}", &reference().to_string());
        assert_eq!(Reference::find(&memo), Some(reference()), "{memo}");
        assert_eq!(Reference::find(&memo.to_lowercase()), Some(reference()));
        let spaced: String = memo.chars().flat_map(|c| [c, ' ']).collect();
        assert_eq!(Reference::find(&spaced), Some(reference()), "{spaced}");
    }

    #[test]
    fn no_wrong_digit_and_no_two_that_changed_places_are_taken() {
        let text = reference().to_string();
        let digits: Vec<char> = text.chars().collect();
        for at in 1..digits.len() {
            for wrong in ('0'..='9').filter(|wrong| *wrong != digits[at]) {
                let mut typed = digits.clone();
                typed[at] = wrong;
                assert_eq!(Reference::find(&typed.iter().collect::<String>()), None);
            }
            for with in at + 1..digits.len() {
                let mut typed = digits.clone();
                typed.swap(at, with);
                let typed: String = typed.iter().collect();
                assert!(typed == text || Reference::find(&typed).is_none(), "{typed}");
            }
        }
    }

    #[rstest]
    #[case::nothing("")]
    #[case::a_payout("财付通提现 W2026112100001")]
    #[case::without_its_letter("123456789006")]
    #[case::longer("T1234567890060")]
    fn what_is_none_is_not_taken_for_one(#[case] memo: &str) {
        assert_eq!(Reference::find(memo), None);
    }

    #[test]
    fn two_different_ones_are_none() {
        let other = Reference::of(1_234_567_891).unwrap();
        assert_eq!(Reference::find(&format!("{} {other}", reference())), None);
    }

    #[test]
    fn every_number_has_a_check_of_two_digits() {
        for number in 1_000_000_000..1_000_000_200 {
            let reference = Reference::of(number).unwrap();
            assert_eq!(reference.to_string().len(), ALL + 1);
            assert_eq!(Reference::find(&reference.to_string()), Some(reference));
        }
        assert_eq!(Reference::of(999_999_999), None);
    }

    #[test]
    fn a_slip_is_what_it_is_said_to_be() {
        assert!(ProofKind::Pdf.fits(b"%PDF-1.7"));
        assert!(ProofKind::Jpeg.fits(b"\xff\xd8\xff\xe0"));
        assert!(ProofKind::Png.fits(b"\x89PNG\r\n\x1a\n0"));
        assert!(!ProofKind::Png.fits(b"<html>") && !ProofKind::Pdf.fits(b""));
    }
}
