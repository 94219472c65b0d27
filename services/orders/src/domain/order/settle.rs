//! How an order ends: cancelled, run out, fulfilled or not, refunded.

use kernel::{Amount, CardId, RefundCaseId};
use platform::vault::Sealed;

use super::{Cause, Change, Deadline, Ending, Method, Now, Order, State, Step};
use crate::domain::Refusal;

impl Order {
    /// A payment was started.
    pub fn start_payment(mut self, method: Method, now: Now) -> Result<Change, Refusal> {
        let taken = self
            .take(Step::PaymentStarted, now)?
            .with("method", method.as_str());
        Ok(Change::of(self, vec![taken]))
    }

    /// A payment was refused for certain; another can be started. An order that
    /// waited for this answer to be cancelled ends now.
    pub fn payment_refused(mut self, why: &str, now: Now) -> Result<Change, Refusal> {
        if self.state == State::Cancelling {
            return self.close(now);
        }
        let taken = self.take(Step::PaymentRefused, now)?.with("refusal", why);
        Ok(Change::of(self, vec![taken]))
    }

    /// Somebody cancels; while a payment is under way the order only is being
    /// cancelled, for the money may be faster.
    pub fn cancel(mut self, reason: Sealed, under_way: bool, now: Now) -> Result<Change, Refusal> {
        if matches!(self.state, State::Paid | State::Fulfilled | State::Unfulfillable) {
            return Err(Refusal::AlreadyPaid);
        }
        let step = if under_way {
            Step::Cancelling
        } else {
            Step::Cancelled
        };
        if self.state == State::Cancelling {
            return Err(Refusal::WrongState { state: self.state });
        }
        let taken = self.take(step, now)?.saying(reason.clone());
        self.ends_as = under_way.then_some(Ending::Cancelled);
        self.as_said(reason);
        Ok(Change::of(self, vec![taken]))
    }

    /// A deadline is reached. Nothing happens when the order has moved on or
    /// has more time by now.
    pub fn run_out(self, deadline: Deadline, under_way: bool, now: Now) -> Result<Option<Change>, Refusal> {
        if deadline == Deadline::Quote {
            return self.lose_quote(now);
        }
        let meant = match deadline {
            Deadline::Draft => State::Draft,
            Deadline::Information => State::InformationNeeded,
            Deadline::Acceptance | Deadline::Quote => State::Approved,
            Deadline::Payment => State::Confirmed,
        };
        if self.state != meant || self.act_by.is_none_or(|by| by > now.at) {
            return Ok(None);
        }
        if under_way {
            self.expire_once_known(now).map(Some)
        } else {
            self.expire(deadline, now).map(Some)
        }
    }

    fn expire_once_known(mut self, now: Now) -> Result<Change, Refusal> {
        let taken = self
            .take(Step::Cancelling, now)?
            .with("deadline", Deadline::Payment.as_str());
        self.ends_as = Some(Ending::Expired);
        self.because("it was not paid in time");
        Ok(Change::of(self, vec![taken]))
    }

    pub(super) fn expire(mut self, deadline: Deadline, now: Now) -> Result<Change, Refusal> {
        let taken = self.take(Step::Expired, now)?.with("deadline", deadline.as_str());
        let reason = match deadline {
            Deadline::Draft => "the draft was not confirmed in time",
            Deadline::Information => "the information was not provided in time",
            Deadline::Quote => "the quote ran out",
            Deadline::Acceptance => "the quote was not accepted in time",
            Deadline::Payment => "it was not paid in time",
        };
        self.because(reason);
        Ok(Change::of(self, vec![taken]))
    }

    /// No payment is under way any more: what was being cancelled has ended.
    pub fn close(mut self, now: Now) -> Result<Change, Refusal> {
        let step = match self.ends_as {
            Some(Ending::Cancelled) => Step::Cancelled,
            Some(Ending::Expired) => Step::Expired,
            None => return Err(Refusal::WrongState { state: self.state }),
        };
        let taken = self.take(step, now)?;
        Ok(Change::of(self, vec![taken]))
    }

    /// The card is open.
    pub fn fulfil(mut self, card: CardId, now: Now) -> Result<Change, Refusal> {
        let taken = self.take(Step::Fulfilled, now)?.with("card_id", card);
        self.card = Some(card);
        Ok(Change::of(self, vec![taken]))
    }

    /// The card can never be opened.
    pub fn cannot_fulfil(mut self, why: &str, now: Now) -> Result<Change, Refusal> {
        let taken = self
            .take(Step::Unfulfillable, now)?
            .with("cause", Cause::CardRefused.as_str())
            .with("detail", why);
        self.because(&format!("the card cannot be opened: {why}"));
        Ok(Change::of(self, vec![taken]))
    }

    /// Money went back.
    pub fn record_refund(mut self, case: RefundCaseId, amount: Amount, now: Now) -> Result<Change, Refusal> {
        let taken = self
            .take(Step::RefundRecorded, now)?
            .with("case_id", case)
            .with("amount_minor", amount.minor());
        let refundable_minor = self.paid.minor() - self.refunded.minor();
        let refunded = self
            .refunded
            .plus(amount)
            .filter(|refunded| *refunded <= self.paid);
        self.refunded = refunded.ok_or(Refusal::RefundExceedsPayment { refundable_minor })?;
        Ok(Change::of(self, vec![taken]))
    }
}
