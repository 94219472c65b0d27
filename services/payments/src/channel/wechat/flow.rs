//! One file for each product of WeChat Pay that is used, and what they share.

pub mod abnormal;
pub mod bill;
pub mod codepay;
pub mod jsapi;
pub mod native;
pub mod refund;
pub mod transaction;

use kernel::{CURRENCY, Timestamp};
use serde::Serialize;

use super::transport::{Answer, Doubt};
use super::verdict;
use crate::channel::Outcome;

/// An amount as WeChat Pay wants it: whole fen.
#[derive(Serialize)]
struct Total {
    total: i64,
    currency: &'static str,
}

impl Total {
    fn of(amount: kernel::Amount) -> Self {
        Self {
            total: amount.minor(),
            currency: CURRENCY,
        }
    }
}

/// RFC 3339 in China's time, in whole seconds.
fn wire_time(at: Timestamp) -> String {
    const EAST_8: i32 = 8 * 3600;
    match chrono::FixedOffset::east_opt(EAST_8) {
        Some(zone) => at
            .with_timezone(&zone)
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        None => at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    }
}

fn read_time(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.to_utc())
}

/// A success is read by `read`, an error by its code; without a proved answer
/// nothing is known.
fn outcome<T>(answer: Result<Answer, Doubt>, read: impl FnOnce(&[u8]) -> Outcome<T>) -> Outcome<T> {
    match answer {
        Ok(answer) if matches!(answer.status, 200 | 204) => read(&answer.body),
        Ok(answer) => verdict::of(&answer),
        Err(doubt) => doubtful(&doubt),
    }
}

fn doubtful<T>(doubt: &Doubt) -> Outcome<T> {
    tracing::warn!(
        error = platform::telemetry::chain(doubt),
        "WeChat Pay left a doubt"
    );
    Outcome::Unknown(doubt.to_string())
}

/// As [`outcome`], for a question. That a question was turned down, for a bad
/// key or a missing right, says nothing about the thing that was asked about.
fn told<T>(answer: Result<Answer, Doubt>, read: impl FnOnce(&[u8]) -> Outcome<T>) -> Outcome<T> {
    match answer {
        Ok(answer) if !matches!(answer.status, 200 | 204) => match verdict::of(&answer) {
            Outcome::Failed(failure) => Outcome::Unknown(format!("{} to a question", failure.code)),
            known => known,
        },
        answer => outcome(answer, read),
    }
}

fn garbled<T>(what: &str) -> Outcome<T> {
    Outcome::Unknown(format!("the answer makes no sense: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_out_in_chinas_zone_and_come_back_the_same() {
        let at = read_time("2026-11-21T02:00:00Z").unwrap();
        assert_eq!(wire_time(at), "2026-11-21T10:00:00+08:00");
        assert_eq!(read_time(&wire_time(at)), Some(at));
    }

    #[test]
    fn a_question_that_is_turned_down_tells_nothing_of_the_payment() {
        let no = |status, code: &str| {
            let body = serde_json::json!({ "code": code }).to_string().into_bytes();
            told::<()>(Ok(Answer { status, body }), |_| Outcome::Succeeded(()))
        };
        for (status, code) in [(401, "SIGN_ERROR"), (403, "NO_AUTH"), (400, "PARAM_ERROR")] {
            assert!(matches!(no(status, code), Outcome::Unknown(_)), "{code}");
        }
        assert!(matches!(no(404, "ORDER_NOT_EXIST"), Outcome::NotFound));
    }
}
