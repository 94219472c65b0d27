//! Money that was received for an intent.

use kernel::{Amount, AttemptId, Balance, IntentId, PaymentId, Timestamp};

use super::attempt::Attempt;
use super::intent::{Claim, Intent};
use super::{Method, Refusal};
use crate::channel::{ChannelNumber, Paid};

/// Refunds that a channel takes of one payment.
pub const MOST_REFUNDS: i32 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub intent_id: IntentId,
    pub attempt_id: AttemptId,
    /// What was owed, by whom, where; its amount is what was paid.
    pub claim: Claim,
    pub method: Method,
    pub merchant: String,
    pub number: ChannelNumber,
    pub transaction: String,
    pub refund_reserved: Balance,
    pub refunded: Balance,
    pub refund_count: i32,
    pub paid_at: Timestamp,
    pub captured_at: Timestamp,
}

impl Payment {
    /// The payment that evidence makes of an attempt.
    pub fn capture(intent: &Intent, attempt: &Attempt, paid: &Paid, now: Timestamp) -> Self {
        Self {
            id: attempt.payment_id(),
            intent_id: intent.id,
            attempt_id: attempt.id,
            claim: intent.claim.clone(),
            method: attempt.method,
            merchant: attempt.merchant.clone(),
            number: attempt.number.clone(),
            transaction: paid.transaction.clone(),
            refund_reserved: Balance::ZERO,
            refunded: Balance::ZERO,
            refund_count: 0,
            paid_at: paid.paid_at,
            captured_at: now,
        }
    }

    /// What can still go back.
    pub fn refundable(&self) -> Balance {
        let taken = self.refund_reserved.minor().saturating_add(self.refunded.minor());
        Balance::from_minor(self.claim.amount.minor().saturating_sub(taken)).unwrap_or_default()
    }

    /// Whether the channel would take one more refund of this amount now. The
    /// database has the last word on the sum.
    pub fn may_refund(
        &self,
        amount: Amount,
        now: Timestamp,
        window: chrono::Duration,
    ) -> Result<(), Refusal> {
        if now > self.paid_at + window {
            return Err(Refusal::RefundTooLate);
        }
        if self.refund_count >= MOST_REFUNDS {
            return Err(Refusal::TooManyRefunds);
        }
        if amount.minor() > self.refundable().minor() {
            return Err(Refusal::RefundExceedsPayment {
                refundable: self.refundable(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::examples::{attempt_of, intent, noon, paid};
    use chrono::Duration;

    fn payment() -> Payment {
        let intent = intent();
        let attempt = attempt_of(&intent);
        Payment::capture(&intent, &attempt, &paid(&attempt), noon())
    }

    fn fen(minor: i64) -> Amount {
        Amount::from_minor(minor).unwrap()
    }

    #[test]
    fn what_is_reserved_or_went_back_cannot_go_back_again() {
        let mut payment = payment();
        let all = payment.claim.amount;
        assert_eq!(payment.may_refund(all, noon(), Duration::days(365)), Ok(()));
        payment.refund_reserved = Balance::from_minor(100).unwrap();
        payment.refunded = Balance::from_minor(50).unwrap();
        let left = all.minor() - 150;
        assert_eq!(payment.refundable().minor(), left);
        assert_eq!(payment.may_refund(fen(left), noon(), Duration::days(365)), Ok(()));
        assert!(matches!(
            payment.may_refund(fen(left + 1), noon(), Duration::days(365)),
            Err(Refusal::RefundExceedsPayment { .. })
        ));
    }

    #[test]
    fn a_year_after_the_payment_the_channel_refunds_no_more() {
        let payment = payment();
        let late = payment.paid_at + Duration::days(365) + Duration::seconds(1);
        assert_eq!(
            payment.may_refund(fen(1), late, Duration::days(365)),
            Err(Refusal::RefundTooLate)
        );
    }

    #[test]
    fn the_fifty_first_refund_is_refused() {
        let payment = Payment {
            refund_count: 50,
            ..payment()
        };
        assert_eq!(
            payment.may_refund(fen(1), noon(), Duration::days(365)),
            Err(Refusal::TooManyRefunds)
        );
    }
}
