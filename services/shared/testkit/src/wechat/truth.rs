//! What the channel knows: orders, payments and refunds, in memory, each
//! changed only by what the merchant asks and what the payer does.

mod code;

use std::collections::{BTreeMap, VecDeque};

use chrono::{TimeDelta, Timelike as _};
use kernel::Timestamp;
use serde::Serialize;

use super::Product;
use super::fields::{Card, NewOrder, NewRefund, Problem};
use super::script::{Fault, Script};
use super::show::beijing;

/// How long a QR can be scanned.
const CODE_LIFE: TimeDelta = TimeDelta::hours(2);
/// Most refunds of one order.
const MOST_REFUNDS: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeState {
    Notpay,
    /// A payer who showed a code has to agree.
    Userpaying,
    Success,
    Refund,
    Closed,
    /// Reversed.
    Revoked,
    /// A payer who showed a code did not agree.
    Payerror,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    Processing,
    Success,
    Abnormal,
    Closed,
}

/// An order as the channel keeps it.
#[derive(Debug, Clone)]
pub struct Order {
    pub product: Product,
    pub asked: NewOrder,
    pub expires: Option<Timestamp>,
    /// The QR, or the number under which the channel's app shows the payment.
    pub code_url: String,
    pub code_made_at: Timestamp,
    pub reversed_at: Option<Timestamp>,
    pub state: TradeState,
    pub payment: Option<Payment>,
    pub script: Script,
}

/// Who paid an order, and when.
#[derive(Debug, Clone)]
pub struct Payment {
    pub transaction_id: String,
    pub openid: String,
    pub at: Timestamp,
}

/// A refund as the channel keeps it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "the channel's own word for its number")]
pub struct Refund {
    pub asked: NewRefund,
    pub refund_id: String,
    pub transaction_id: String,
    pub out_trade_no: String,
    pub status: RefundStatus,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Whose card it goes to, since it could not go back.
    pub elsewhere: Option<Card>,
}

/// Everything.
#[derive(Debug, Default)]
pub struct Truth {
    pub orders: BTreeMap<String, Order>,
    pub refunds: BTreeMap<String, Refund>,
    /// What the next new orders shall do.
    pub scripts: VecDeque<Script>,
    /// What an order of a number shall do once it is made.
    pub promised: BTreeMap<String, Script>,
    /// What the order of a shown code shall do, by the code.
    pub promised_codes: BTreeMap<String, Script>,
    /// Calls that go wrong whatever they concern.
    pub faults: Vec<Fault>,
    /// How far the days of what happens are ahead of real time.
    pub ahead: TimeDelta,
    made: u64,
}

impl Truth {
    /// Numbers that look like the channel's and never repeat, not even after a
    /// restart: the first of them is the time of the day, in hundredths of a millisecond.
    fn number(&mut self, prefix: &str, now: Timestamp) -> String {
        let here = now.with_timezone(&beijing());
        if self.made == 0 {
            self.made =
                u64::from(here.num_seconds_from_midnight()) * 100_000 + u64::from(here.nanosecond() / 10_000);
        }
        self.made += 1;
        let day = here.format("%Y%m%d");
        format!("{prefix}{day}{:010}", self.made)
    }

    /// Takes an order in, or gives a known one a new QR.
    pub fn create(&mut self, product: Product, asked: NewOrder, now: Timestamp) -> Result<String, Problem> {
        let code_url = match product {
            Product::Native => format!("weixin://wxpay/bizpayurl?pr={}", self.number("pr", now)),
            Product::Jsapi | Product::Codepay => self.number("wx", now),
        };
        let number = asked.out_trade_no.clone();
        let Some(known) = self.orders.get_mut(&number) else {
            let expires = asked.expires()?.map(|e| e.max(now + TimeDelta::minutes(1)));
            let promised = self.promised.remove(&number);
            let script = promised.or_else(|| self.scripts.pop_front()).unwrap_or_default();
            let order = Order {
                product,
                asked,
                reversed_at: None,
                expires,
                code_url: code_url.clone(),
                code_made_at: now,
                state: TradeState::Notpay,
                payment: None,
                script,
            };
            self.orders.insert(number, order);
            return Ok(code_url);
        };
        match known.state {
            TradeState::Success | TradeState::Refund => {
                Err(Problem::new(400, "ORDER_PAID", "the order is paid"))
            }
            TradeState::Closed | TradeState::Revoked | TradeState::Payerror => {
                Err(Problem::new(400, "ORDER_CLOSED", "the order is closed"))
            }
            _ if known.asked != asked || known.product != product => Err(Problem::new(
                403,
                "OUT_TRADE_NO_USED",
                "this number was used with other parameters",
            )),
            TradeState::Notpay | TradeState::Userpaying => {
                known.code_url.clone_from(&code_url);
                known.code_made_at = now;
                Ok(code_url)
            }
        }
    }

    pub fn order(&self, out_trade_no: &str) -> Result<&Order, Problem> {
        self.orders
            .get(out_trade_no)
            .ok_or_else(|| Problem::new(404, "ORDER_NOT_EXIST", "no such order"))
    }

    /// Somebody shows a code for this number: what was promised of the code is
    /// promised of the order.
    pub fn shown(&mut self, code: &str, out_trade_no: &str) {
        if let Some(script) = self.promised_codes.remove(code) {
            self.promised.insert(out_trade_no.to_owned(), script);
        }
    }

    /// The script that waits for an order that is not made yet.
    pub fn waiting(&mut self, out_trade_no: &str) -> Option<&mut Script> {
        match self.promised.get_mut(out_trade_no) {
            None => self.scripts.front_mut(),
            promised => promised,
        }
    }

    pub fn order_by_transaction(&self, id: &str) -> Result<&Order, Problem> {
        let found = self
            .orders
            .values()
            .find(|o| o.payment.as_ref().is_some_and(|p| p.transaction_id == id));
        found.ok_or_else(|| Problem::new(404, "ORDER_NOT_EXIST", "no such transaction"))
    }

    pub fn close(&mut self, out_trade_no: &str) -> Result<(), Problem> {
        self.order(out_trade_no)?;
        let Some(order) = self.orders.get_mut(out_trade_no) else {
            return Ok(());
        };
        if order.product == Product::Codepay {
            return Err(Problem::new(
                400,
                "INVALID_REQUEST",
                "a shown code is reversed, not closed",
            ));
        }
        match order.state {
            TradeState::Notpay | TradeState::Closed => {
                order.state = TradeState::Closed;
                Ok(())
            }
            _ => Err(Problem::new(400, "ORDER_PAID", "the order is paid")),
        }
    }

    /// The payer pays. `late` pays although the order was closed or expired, as
    /// it happens when a payment and a close cross.
    pub fn pay(&mut self, which: &str, openid: &str, late: bool, now: Timestamp) -> Result<Order, Problem> {
        let number = self.find(which)?;
        let transaction_id = self.number("4200", now);
        let at = now + self.ahead;
        let Some(order) = self.orders.get_mut(&number) else {
            return Err(Problem::new(404, "ORDER_NOT_EXIST", "no such order"));
        };
        let over = order.expires.is_some_and(|e| now > e) || now > order.code_made_at + CODE_LIFE;
        match order.state {
            TradeState::Success | TradeState::Refund => {
                return Err(Problem::new(409, "ORDER_PAID", "this was paid already"));
            }
            TradeState::Closed | TradeState::Revoked | TradeState::Payerror if !late => {
                return Err(Problem::new(
                    409,
                    "ORDER_CLOSED",
                    "the merchant closed this order",
                ));
            }
            TradeState::Notpay if over && !late => {
                return Err(Problem::new(409, "ORDER_EXPIRED", "this QR has expired"));
            }
            _ => {}
        }
        order.state = TradeState::Success;
        order.payment = Some(Payment {
            transaction_id,
            openid: openid.to_owned(),
            at,
        });
        Ok(order.clone())
    }

    /// The number of the order that a code or a number names; an old code of an
    /// order that got a new one names none.
    pub fn find(&self, which: &str) -> Result<String, Problem> {
        if self.orders.contains_key(which) {
            return Ok(which.to_owned());
        }
        let found = self
            .orders
            .iter()
            .find(|(_, order)| order.code_url == which.trim());
        found
            .map(|(number, _)| number.clone())
            .ok_or_else(|| Problem::new(404, "ORDER_NOT_EXIST", "no such QR, or a newer one replaced it"))
    }

    /// Accepts a refund, or answers with the one by the same number.
    pub fn refund(&mut self, asked: NewRefund, now: Timestamp) -> Result<Refund, Problem> {
        if let Some(known) = self.refunds.get(&asked.out_refund_no) {
            if known.asked != asked {
                return Err(Problem::new(
                    400,
                    "INVALID_REQUEST",
                    "this refund number was used with other parameters",
                ));
            }
            return Ok(known.clone());
        }
        let order = match (&asked.transaction_id, &asked.out_trade_no) {
            (Some(id), _) => self.order_by_transaction(id),
            (None, number) => self.order(number.as_deref().unwrap_or_default()),
        }
        .map_err(|_| Problem::new(404, "RESOURCE_NOT_EXISTS", "no such payment"))?;
        let now = now + self.ahead;
        self.check_refund(order, &asked, now)?;
        let out_trade_no = order.asked.out_trade_no.clone();
        let transaction_id = order
            .payment
            .as_ref()
            .map(|p| p.transaction_id.clone())
            .unwrap_or_default();
        let refund = Refund {
            refund_id: self.number("5030", now),
            transaction_id,
            out_trade_no: out_trade_no.clone(),
            status: RefundStatus::Processing,
            created_at: now,
            ended_at: None,
            elsewhere: None,
            asked,
        };
        self.refunds
            .insert(refund.asked.out_refund_no.clone(), refund.clone());
        if let Some(order) = self.orders.get_mut(&out_trade_no) {
            order.state = TradeState::Refund;
        }
        Ok(refund)
    }

    fn check_refund(&self, order: &Order, asked: &NewRefund, now: Timestamp) -> Result<(), Problem> {
        let paid = order.payment.as_ref();
        let Some(payment) = paid.filter(|_| order.state != TradeState::Revoked) else {
            return Err(Problem::new(403, "TRADE_ERROR", "the order is not paid"));
        };
        if order.script.refund_not_enough {
            return Err(Problem::new(
                403,
                "NOT_ENOUGH",
                "the merchant's balance does not suffice",
            ));
        }
        let earlier: Vec<i64> = self
            .refunds
            .values()
            .filter(|r| r.out_trade_no == order.asked.out_trade_no && r.status != RefundStatus::Closed)
            .map(|r| r.asked.amount.refund)
            .collect();
        let total = order.asked.amount.total;
        let wrong = if asked.amount.total != total {
            "amount.total is not that of the order"
        } else if now > payment.at + TimeDelta::days(365) {
            "refunds end a year after the payment"
        } else if earlier.len() >= MOST_REFUNDS {
            "an order has at most 50 refunds"
        } else if earlier.iter().sum::<i64>() + asked.amount.refund > total {
            "the refunds would exceed the order"
        } else {
            return Ok(());
        };
        Err(Problem::new(400, "INVALID_REQUEST", wrong))
    }

    /// A refund that hangs goes elsewhere.
    pub fn send_elsewhere(
        &mut self,
        refund_id: &str,
        out_refund_no: &str,
        card: Card,
    ) -> Result<Refund, Problem> {
        let refund = self
            .refunds
            .get_mut(out_refund_no)
            .filter(|r| r.refund_id == refund_id)
            .ok_or_else(|| Problem::new(404, "RESOURCE_NOT_EXISTS", "no such refund"))?;
        if refund.status != RefundStatus::Abnormal {
            return Err(Problem::new(400, "INVALID_REQUEST", "the refund is not abnormal"));
        }
        refund.status = RefundStatus::Processing;
        refund.ended_at = None;
        refund.elsewhere = Some(card);
        Ok(refund.clone())
    }

    /// A refund that was accepted comes to its end, or goes on from abnormal.
    pub fn end_refund(
        &mut self,
        out_refund_no: &str,
        status: RefundStatus,
        now: Timestamp,
    ) -> Option<Refund> {
        let refund = self
            .refunds
            .get_mut(out_refund_no)
            .filter(|r| matches!(r.status, RefundStatus::Processing | RefundStatus::Abnormal))?;
        refund.status = status;
        refund.ended_at = Some(now + self.ahead);
        Some(refund.clone())
    }
}
