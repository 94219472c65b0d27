//! One file for each product of Alipay that is used, and what they share.

pub mod barcode;
pub mod bill;
pub mod precreate;
pub mod refund;
pub mod trade;

use chrono::{FixedOffset, NaiveDateTime, TimeZone as _};
use kernel::Timestamp;
use serde::de::DeserializeOwned;

use super::transport::{Answer, Doubt};
use super::verdict::{self, DONE, Refusals};
use crate::channel::{Order, Outcome};

/// How Alipay writes times: China's, without saying so.
const TIME: &str = "%Y-%m-%d %H:%M:%S";
/// The longest name of what is sold, in characters.
const LONGEST_SUBJECT: usize = 256;

fn zone() -> Option<FixedOffset> {
    FixedOffset::east_opt(8 * 3600)
}

pub fn wire_time(at: Timestamp) -> String {
    zone().map_or_else(
        || at.format(TIME).to_string(),
        |zone| at.with_timezone(&zone).format(TIME).to_string(),
    )
}

pub fn read_time(text: &str) -> Option<Timestamp> {
    let local = NaiveDateTime::parse_from_str(text, TIME).ok()?;
    Some(zone()?.from_local_datetime(&local).single()?.to_utc())
}

/// What is sold, without the characters that Alipay does not take.
fn subject(order: &Order) -> String {
    let sound = |c: char| if matches!(c, '/' | '=' | '&') { ' ' } else { c };
    order
        .description
        .chars()
        .map(sound)
        .take(LONGEST_SUBJECT)
        .collect()
}

/// A success is read by `read`, a refusal by its word; without a proved answer
/// nothing is known.
fn outcome<A: DeserializeOwned, T>(
    answer: Result<Answer, Doubt>,
    refusals: &Refusals,
    read: impl FnOnce(A) -> Outcome<T>,
) -> Outcome<T> {
    match answer {
        Ok(answer) if answer.code == DONE => match serde_json::from_str(&answer.text) {
            Ok(said) => read(said),
            Err(_) => garbled("a success without what it should tell"),
        },
        Ok(answer) => verdict::of(&answer, refusals),
        Err(doubt) => doubtful(&doubt),
    }
}

/// As [`outcome`], for a question. That a question was turned away says nothing
/// about the thing that was asked about.
fn told<A: DeserializeOwned, T>(
    answer: Result<Answer, Doubt>,
    read: impl FnOnce(A) -> Outcome<T>,
) -> Outcome<T> {
    match answer {
        Ok(answer) if answer.code != DONE => match verdict::of(&answer, &Refusals::default()) {
            Outcome::Failed(failure) => Outcome::Unknown(format!("{} to a question", failure.code)),
            known => known,
        },
        answer => outcome(answer, &Refusals::default(), read),
    }
}

fn doubtful<T>(doubt: &Doubt) -> Outcome<T> {
    tracing::warn!(error = platform::telemetry::chain(doubt), "Alipay left a doubt");
    Outcome::Unknown(doubt.to_string())
}

fn garbled<T>(what: &str) -> Outcome<T> {
    Outcome::Unknown(format!("the answer makes no sense: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_out_in_chinas_zone_and_come_back_the_same() {
        let at = read_time("2026-11-21 10:00:00").unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-21T02:00:00+00:00");
        assert_eq!(wire_time(at), "2026-11-21 10:00:00");
        assert_eq!(read_time("2026-11-21T10:00:00+08:00"), None);
    }

    #[test]
    fn a_question_that_is_turned_away_tells_nothing_of_the_payment() {
        let no = |code: &str, word: &str| {
            let answer = Answer {
                code: code.to_owned(),
                sub_code: word.to_owned(),
                text: "{}".to_owned(),
            };
            told(Ok(answer), |(): ()| Outcome::Succeeded(()))
        };
        for (code, word) in [("40002", "isv.invalid-signature"), ("40006", ""), ("20001", "")] {
            assert!(matches!(no(code, word), Outcome::Unknown(_)), "{code}");
        }
        assert_eq!(no("40004", "ACQ.TRADE_NOT_EXIST"), Outcome::NotFound);
    }
}
