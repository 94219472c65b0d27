//! What an answer's code means. Each product names the words by which Alipay
//! refuses it for certain; whatever nobody named stays unknown.

use super::transport::Answer;
use crate::channel::{Failure, Outcome};

/// The call was carried out.
pub const DONE: &str = "10000";
/// The payer has still to agree.
const WAITS: &str = "10003";
/// The business refuses; the word behind it says why.
const REFUSED: &str = "40004";
/// The gateway refuses before anything happens: it does not know us, or the
/// request is not as it should be.
const TURNED_AWAY: [&str; 5] = ["20001", "40001", "40002", "40003", "40006"];

/// The words of one product that are a definite no.
#[derive(Debug, Default)]
pub struct Refusals {
    pub for_good: &'static [&'static str],
    /// The same request may succeed later.
    pub for_now: &'static [&'static str],
    /// It ends the number.
    pub closed: &'static [&'static str],
}

/// Whether the gateway turned this very request away. What became of an earlier
/// one under the same number it does not say.
pub fn is_turned_away(answer: &Answer) -> bool {
    TURNED_AWAY.contains(&answer.code.as_str())
}

/// Reads an answer that is no success. `ACQ.SYSTEM_ERROR` and words that say
/// that money may be there already are in no list on purpose.
pub fn of<T>(answer: &Answer, refusals: &Refusals) -> Outcome<T> {
    let word = answer.sub_code.as_str();
    let named = |list: &[&str]| list.contains(&word);
    match answer.code.as_str() {
        WAITS => Outcome::Pending,
        REFUSED if named(refusals.for_good) => Outcome::Failed(Failure::for_good(word)),
        REFUSED if named(refusals.for_now) => Outcome::Failed(Failure::for_now(word)),
        REFUSED if named(refusals.closed) => Outcome::Failed(Failure::closed(word)),
        REFUSED if word == "ACQ.TRADE_NOT_EXIST" => Outcome::NotFound,
        code if is_turned_away(answer) => {
            Outcome::Failed(Failure::for_good(if word.is_empty() { code } else { word }))
        }
        code => Outcome::Unknown(format!("{code} {word}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: &str, sub_code: &str) -> Outcome<()> {
        let refusals = Refusals {
            for_good: &["ACQ.TRADE_HAS_FINISHED"],
            for_now: &["ACQ.SELLER_BALANCE_NOT_ENOUGH"],
            closed: &["ACQ.TRADE_HAS_CLOSE"],
        };
        let answer = Answer {
            code: code.to_owned(),
            sub_code: sub_code.to_owned(),
            text: String::new(),
        };
        of(&answer, &refusals)
    }

    #[test]
    fn a_fault_of_the_channel_and_a_word_that_nobody_knows_are_never_a_failure() {
        for (code, word) in [
            ("20000", "isp.unknow-error"),
            ("20000", "ACQ.TRADE_HAS_FINISHED"),
            ("40004", "ACQ.SYSTEM_ERROR"),
            ("40004", "ACQ.TRADE_HAS_SUCCESS"),
            ("40004", "ACQ.NEW_IN_2027"),
            ("40005", "isv.app-call-limited"),
            ("", ""),
        ] {
            assert!(matches!(answer(code, word), Outcome::Unknown(_)), "{code} {word}");
        }
    }

    #[test]
    fn what_a_product_names_is_a_failure_of_its_kind() {
        let failed = |failure| Outcome::<()>::Failed(failure);
        let word = "ACQ.TRADE_HAS_FINISHED";
        assert_eq!(answer("40004", word), failed(Failure::for_good(word)));
        let word = "ACQ.SELLER_BALANCE_NOT_ENOUGH";
        assert_eq!(answer("40004", word), failed(Failure::for_now(word)));
        let word = "ACQ.TRADE_HAS_CLOSE";
        assert_eq!(answer("40004", word), failed(Failure::closed(word)));
        let word = "isv.invalid-signature";
        assert_eq!(answer("40002", word), failed(Failure::for_good(word)));
    }

    #[test]
    fn a_waiting_payer_and_a_trade_that_is_not_there_are_no_failures() {
        assert_eq!(answer("10003", ""), Outcome::Pending);
        assert_eq!(answer("40004", "ACQ.TRADE_NOT_EXIST"), Outcome::NotFound);
    }
}
