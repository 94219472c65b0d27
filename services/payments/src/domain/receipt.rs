//! Proof of a payment (支付凭证), issued together with it.

use chrono_tz::Tz;
use kernel::{Amount, DueId, LegalEntityId, PaymentId, PersonId, ReceiptId, StudioId, Timestamp};

use super::payment::Payment;
use super::{Method, Purpose};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: ReceiptId,
    pub number: String,
    pub payment_id: PaymentId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub legal_entity_id: LegalEntityId,
    pub purpose: Purpose,
    pub due_id: DueId,
    pub description: String,
    pub amount: Amount,
    pub method: Method,
    pub transaction: String,
    pub paid_at: Timestamp,
    pub issued_at: Timestamp,
}

impl Receipt {
    /// The receipt of a payment, at the moment it is recorded.
    pub fn of(payment: &Payment, number: String) -> Self {
        let claim = &payment.claim;
        Self {
            id: Self::id_of(payment.id),
            number,
            payment_id: payment.id,
            person_id: claim.person_id,
            studio_id: claim.studio_id,
            legal_entity_id: claim.legal_entity_id,
            purpose: claim.purpose,
            due_id: claim.due_id,
            description: claim.description.clone(),
            amount: claim.amount,
            method: payment.method,
            transaction: payment.transaction.clone(),
            paid_at: payment.paid_at,
            issued_at: payment.captured_at,
        }
    }

    /// A payment has one receipt, so its id follows.
    pub fn id_of(payment: PaymentId) -> ReceiptId {
        ReceiptId::derived(payment, "receipt")
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
