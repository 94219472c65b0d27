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
    let code = code_of(answer);
    match (answer.status, bare(&code).as_str()) {
        (202, _) | (_, "USERPAYING") | (400, "STATEMENTCREATING") => Outcome::Pending,
        (404, "ORDERNOTEXIST" | "RESOURCENOTEXISTS") | (400, "NOSTATEMENTEXIST") => Outcome::NotFound,
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

/// As [`of`], for the code that a payer shows: a code that is spent or a payer
/// who lacks the money is a definite no, which another code may turn.
pub fn of_charge<T>(answer: &Answer) -> Outcome<T> {
    let code = code_of(answer);
    let spent = matches!(
        bare(&code).as_str(),
        "AUTHCODEEXPIRED" | "AUTHCODEINVALID" | "AUTHCODEERROR" | "NOTENOUGH" | "PAYERROR"
    );
    if spent && (400..500).contains(&answer.status) {
        Outcome::Failed(Failure::for_good(code))
    } else {
        of(answer)
    }
}

/// Whether the channel turned the request away since it knows no such key of
/// the merchant, or the signature is none of it: nothing was carried out.
pub fn is_unsigned(answer: &Answer) -> bool {
    answer.status == 401 && bare(&code_of(answer)) == "SIGNERROR"
}

fn code_of(answer: &Answer) -> String {
    serde_json::from_slice::<ErrorBody>(&answer.body)
        .map(|b| b.code)
        .unwrap_or_default()
}

fn bare(code: &str) -> String {
    code.chars()
        .filter(|c| *c != '_')
        .collect::<String>()
        .to_ascii_uppercase()
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
    fn a_bill_that_is_not_there_is_told_from_one_that_is_being_made() {
        assert_eq!(answer(400, "NO_STATEMENT_EXIST"), Outcome::NotFound);
        assert_eq!(answer(400, "STATEMENT_CREATING"), Outcome::Pending);
    }

    #[test]
    fn a_spent_code_or_a_poor_payer_is_a_no_to_the_charge_and_to_nothing_else() {
        let answer = |status, code: &str| Answer {
            status,
            body: format!(r#"{{"code":"{code}"}}"#).into_bytes(),
        };
        for code in [
            "AUTH_CODE_EXPIRED",
            "AUTHCODEINVALID",
            "AUTH_CODE_ERROR",
            "NOTENOUGH",
            "PAYERROR",
        ] {
            let charged: Outcome<()> = of_charge(&answer(400, code));
            assert_eq!(charged, Outcome::Failed(Failure::for_good(code)), "{code}");
            let broken: Outcome<()> = of_charge(&answer(500, code));
            assert!(matches!(broken, Outcome::Unknown(_)), "{code}");
        }
        assert_eq!(of_charge::<()>(&answer(202, "USERPAYING")), Outcome::Pending);
        assert!(matches!(
            of_charge::<()>(&answer(500, "BANKERROR")),
            Outcome::Unknown(_)
        ));
    }

    #[test]
    fn a_lack_of_funds_may_end() {
        assert_eq!(
            answer(403, "NOT_ENOUGH"),
            Outcome::Failed(Failure::for_now("NOT_ENOUGH"))
        );
    }
}
