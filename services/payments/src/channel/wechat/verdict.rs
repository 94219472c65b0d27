//! What an error answer means. Codes are compared without underscores, since
//! WeChat Pay spells several of them both ways.

use serde::Deserialize;

use super::transport::Answer;
use crate::channel::{Failure, Outcome};

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: String,
}

/// Reads an answer that is no success. Whatever is not known for certain to
/// have had no effect stays unknown.
pub fn of<T>(answer: &Answer) -> Outcome<T> {
    let code = serde_json::from_slice::<ErrorBody>(&answer.body)
        .map(|b| b.code)
        .unwrap_or_default();
    let bare: String = code
        .chars()
        .filter(|c| *c != '_')
        .collect::<String>()
        .to_ascii_uppercase();
    match (answer.status, bare.as_str()) {
        (202, _) | (_, "USERPAYING") => Outcome::Pending,
        (404, "ORDERNOTEXIST" | "RESOURCENOTEXISTS") => Outcome::NotFound,
        (403, "NOTENOUGH") => Outcome::Failed(Failure::for_now(code)),
        (400, "PARAMERROR" | "INVALIDREQUEST" | "APPIDMCHIDNOTMATCH" | "MCHNOTEXISTS" | "ORDERCLOSED")
        | (401, "SIGNERROR")
        | (403, "NOAUTH" | "RULELIMIT" | "TRADEERROR" | "ACCOUNTERROR") => {
            Outcome::Failed(Failure::for_good(code))
        }
        // ORDERPAID and OUTTRADENOUSED are here too: money may be there already,
        // perhaps by an earlier try of ours
        _ => Outcome::Unknown(format!("{} {code}", answer.status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> Outcome<()> {
        of(&Answer {
            status,
            body: format!(r#"{{"code":"{code}","message":"x"}}"#).into_bytes(),
        })
    }

    #[test]
    fn both_spellings_of_a_code_mean_the_same() {
        assert_eq!(answer(404, "ORDER_NOT_EXIST"), Outcome::NotFound);
        assert_eq!(answer(404, "ORDERNOTEXIST"), Outcome::NotFound);
        assert_eq!(
            answer(403, "NO_AUTH"),
            Outcome::Failed(Failure::for_good("NO_AUTH"))
        );
        assert_eq!(
            answer(403, "NOAUTH"),
            Outcome::Failed(Failure::for_good("NOAUTH"))
        );
    }

    #[test]
    fn a_fault_of_the_channel_is_never_a_failure() {
        for (status, code) in [
            (500, "SYSTEM_ERROR"),
            (500, "BANK_ERROR"),
            (502, ""),
            (503, "PARAM_ERROR"),
            (429, "FREQUENCY_LIMITED"),
        ] {
            assert!(
                matches!(answer(status, code), Outcome::Unknown(_)),
                "{status} {code}"
            );
        }
    }

    #[test]
    fn a_paid_or_used_number_is_a_reason_to_ask() {
        assert!(matches!(answer(400, "ORDER_PAID"), Outcome::Unknown(_)));
        assert!(matches!(answer(403, "OUT_TRADE_NO_USED"), Outcome::Unknown(_)));
    }

    #[test]
    fn a_code_that_nobody_knows_is_unknown() {
        assert!(matches!(answer(400, "NEW_IN_2027"), Outcome::Unknown(_)));
    }

    #[test]
    fn a_lack_of_funds_may_end() {
        assert_eq!(
            answer(403, "NOT_ENOUGH"),
            Outcome::Failed(Failure::for_now("NOT_ENOUGH"))
        );
    }
}
