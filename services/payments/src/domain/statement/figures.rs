//! The figures of bills: exact, without floats, as channels and banks write them.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Asia::Shanghai;
use kernel::Timestamp;
use rust_decimal::Decimal;

/// A decimal number times ten to the `places`; digits beyond that must be zero.
/// Takes a sign and thousands separators, as banks write them. `None` for
/// anything else and beyond the range.
pub fn scaled(text: &str, places: usize) -> Option<i64> {
    let text = text.trim().trim_start_matches(['¥', '￥']);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let (kept, rest) = part.split_at_checked(places).unwrap_or((part, ""));
    if rest.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let mut value: i64 = 0;
    let digits = whole.bytes().filter(|byte| *byte != b',').chain(kept.bytes());
    for digit in digits {
        value = push(value, digit)?;
    }
    for _ in kept.len()..places {
        value = value.checked_mul(10)?;
    }
    Some(if negative { -value } else { value })
}

fn push(value: i64, digit: u8) -> Option<i64> {
    if !digit.is_ascii_digit() {
        return None;
    }
    value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
}

/// Fen of a text in yuan.
pub fn fen(text: &str) -> Option<i64> {
    scaled(text, 2)
}

/// Thousandths of a fen of a text in yuan with five decimals, as fees have.
pub fn fee(text: &str) -> Option<i64> {
    scaled(text, 5)
}

/// Thousandths of a fen as yuan with five decimals.
pub fn yuan_of_thousandths(thousandths: i64) -> String {
    Decimal::new(thousandths, 5).to_string()
}

/// A count, which may read `45.0`.
pub fn count(text: &str) -> Option<i64> {
    scaled(text, 0)
}

/// A rate, as `0.60%` or `0.006`.
pub fn rate(text: &str) -> Option<Decimal> {
    let text = text.trim();
    match text.strip_suffix('%') {
        Some(percent) => percent
            .trim()
            .parse::<Decimal>()
            .ok()?
            .checked_div(Decimal::ONE_HUNDRED),
        None => text.parse().ok(),
    }
}

/// A time of China, as `2026-11-21 10:00:00`.
pub fn time(text: &str) -> Option<Timestamp> {
    time_as(text, "%Y-%m-%d %H:%M:%S")
}

/// A time of China in another form. A form without hours means the day's start.
pub fn time_as(text: &str, form: &str) -> Option<Timestamp> {
    let text = text.trim();
    let naive = NaiveDateTime::parse_from_str(text, form)
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, form).ok()?.and_hms_opt(0, 0, 0))?;
    Shanghai
        .from_local_datetime(&naive)
        .single()
        .map(|at| at.with_timezone(&chrono::Utc))
}

/// A moment of a day in China, which has no hours that are missing or twice.
pub fn at(day: NaiveDate, time: NaiveTime) -> Timestamp {
    (day.and_time(time) - chrono::Duration::hours(8)).and_utc()
}

/// When a day begins in China.
pub fn start(day: NaiveDate) -> Timestamp {
    at(day, NaiveTime::MIN)
}

/// The day of China's time on which something happened: the day of every bill.
pub fn day(at: Timestamp) -> NaiveDate {
    at.with_timezone(&Shanghai).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_are_exact_or_refused() {
        for (text, fen) in [
            ("0.00", Some(0)),
            ("3680.00", Some(368_000)),
            ("-0.01", Some(-1)),
            ("+12.3", Some(1_230)),
            ("1,234.50", Some(123_450)),
            (".5", Some(50)),
            ("7", Some(700)),
            ("0.010", Some(1)),
            ("0.001", None),
            ("", None),
            ("-", None),
            (".", None),
            ("1e3", None),
            ("12.3.4", None),
            ("٣.00", None),
            ("92233720368547758.08", None),
        ] {
            assert_eq!(scaled(text, 2), fen, "{text}");
        }
        assert_eq!(yuan_of_thousandths(2_208_000), "22.08000");
        assert_eq!(count("45.0"), Some(45));
        assert_eq!(count("45.5"), None);
        assert_eq!(fee("0.00600"), Some(600));
        assert_eq!(fee("-0.08"), Some(-8_000));
    }

    #[test]
    fn a_rate_reads_in_percent_and_as_a_ratio() {
        assert_eq!(rate("0.60%"), "0.006".parse().ok());
        assert_eq!(rate("0.006"), "0.006".parse().ok());
        assert_eq!(rate("six"), None);
    }

    #[test]
    fn a_days_end_is_that_of_china() {
        let last = time("2026-11-21 23:59:59").unwrap();
        assert_eq!(last.to_rfc3339(), "2026-11-21T15:59:59+00:00");
        assert_eq!(day(last).to_string(), "2026-11-21");
        assert_eq!(day(last + chrono::Duration::seconds(1)).to_string(), "2026-11-22");
        assert_eq!(time_as("20261121", "%Y%m%d"), time("2026-11-21 00:00:00"));
        assert_eq!(Some(start(day(last))), time("2026-11-21 00:00:00"));
        assert_eq!(time("2026-13-21 00:00:00"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_in_yuan_is_read_back_in_fen(minor in any::<i32>()) {
            let minor = i64::from(minor);
            let sign = if minor < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100);
            prop_assert_eq!(fen(&text), Some(minor));
        }

        #[test]
        fn no_text_panics(text in "\\PC*", places in 0_usize..6) {
            scaled(&text, places);
            rate(&text);
            time(&text);
        }
    }
}
