//! Codes that payers show: paid at once, or when the payer has agreed, and
//! reversed.

use std::time::Duration;

use kernel::Timestamp;

use super::{Order, TradeState, Truth};
use crate::wechat::Product;
use crate::wechat::fields::{NewOrder, Problem};
use crate::wechat::script::CodeEnd;

/// How long after the charge it can still be reversed.
const REVERSIBLE: Duration = Duration::from_hours(7 * 24);

impl Truth {
    /// Takes a shown code in, and does what its script says.
    pub fn charge(&mut self, asked: NewOrder, now: Timestamp) -> Result<Order, Problem> {
        let number = asked.out_trade_no.clone();
        let is_new = !self.orders.contains_key(&number);
        self.create(Product::Codepay, asked, now)?;
        let end = self.order(&number)?.script.code;
        if is_new {
            match end {
                CodeEnd::Paid => {
                    self.pay(&number, "o-shown-code", false, now)?;
                }
                CodeEnd::Agrees | CodeEnd::Declines | CodeEnd::Silent => {
                    self.set(&number, TradeState::Userpaying);
                }
                CodeEnd::Expired => {
                    self.set(&number, TradeState::Notpay);
                    return Err(Problem::new(400, "AUTH_CODE_EXPIRED", "the code has expired"));
                }
                CodeEnd::NotEnough => {
                    self.set(&number, TradeState::Notpay);
                    return Err(Problem::new(403, "NOTENOUGH", "the payer has not enough"));
                }
            }
        }
        match self.order(&number)? {
            order if order.state == TradeState::Userpaying => {
                Err(Problem::new(202, "USERPAYING", "the payer has to agree"))
            }
            order => Ok(order.clone()),
        }
    }

    /// A query finds the payer still thinking, or at the end of it.
    pub fn think(&mut self, number: &str, now: Timestamp) -> Option<Order> {
        let order = self
            .orders
            .get_mut(number)
            .filter(|o| o.state == TradeState::Userpaying)?;
        if order.script.thinks > 0 {
            order.script.thinks -= 1;
            return None;
        }
        match order.script.code {
            CodeEnd::Agrees => self.pay(number, "o-shown-code", false, now).ok(),
            CodeEnd::Declines => {
                self.set(number, TradeState::Payerror);
                None
            }
            _ => None,
        }
    }

    /// The payer does not agree.
    pub fn decline(&mut self, number: &str) {
        if self
            .order(number)
            .is_ok_and(|o| o.state == TradeState::Userpaying)
        {
            self.set(number, TradeState::Payerror);
        }
    }

    /// Unpaid it is ended, paid the money goes back.
    pub fn reverse(&mut self, number: &str, not_before: Duration, now: Timestamp) -> Result<(), Problem> {
        let at = now + self.ahead;
        let order = self.order(number)?;
        let wrong = if order.product != Product::Codepay {
            "only a shown code is reversed"
        } else if now < order.code_made_at + not_before {
            "too early after the charge"
        } else if now > order.code_made_at + REVERSIBLE {
            "too late after the charge"
        } else if order.state == TradeState::Refund {
            "the order has refunds"
        } else {
            if order.state != TradeState::Revoked {
                self.set(number, TradeState::Revoked);
                if let Some(order) = self.orders.get_mut(number) {
                    order.reversed_at = Some(at);
                }
            }
            return Ok(());
        };
        Err(Problem::new(400, "INVALID_REQUEST", wrong))
    }

    fn set(&mut self, number: &str, state: TradeState) {
        if let Some(order) = self.orders.get_mut(number) {
            order.state = state;
        }
    }
}
