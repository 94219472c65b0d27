//! Proof of a payment (支付凭证), issued together with it.

use chrono_tz::Tz;
use kernel::{ReceiptId, Timestamp};

use super::payment::Payment;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: ReceiptId,
    pub number: String,
    pub payment: Payment,
    pub issued_at: Timestamp,
}

impl Receipt {
    pub fn id_of(payment: &Payment) -> ReceiptId {
        ReceiptId::derived(payment.id, "receipt")
    }
}

/// The year of a series at this moment, in the studio's zone.
pub fn series_year(at: Timestamp, zone: Tz) -> i32 {
    chrono::Datelike::year(&kernel::Clock::day_in(at, zone))
}

/// As `BJ-2026-00000042`: series, year, and a count within both.
pub fn number(series: &str, year: i32, count: i64) -> String {
    format!("{series}-{year}-{count:08}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn a_number_tells_series_year_and_count() {
        assert_eq!(number("BJ", 2026, 42), "BJ-2026-00000042");
    }

    #[test]
    fn the_year_turns_at_midnight_in_the_studios_zone() {
        let eve = chrono::Utc.with_ymd_and_hms(2026, 12, 31, 16, 0, 0).unwrap();
        assert_eq!(series_year(eve, chrono_tz::Asia::Shanghai), 2027);
        assert_eq!(series_year(eve, chrono_tz::UTC), 2026);
    }
}
