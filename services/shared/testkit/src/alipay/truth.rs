//! What the channel knows: orders, the trades that payers made of them, and
//! refunds, in memory, each changed only by what the merchant asks and what the
//! payer does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{NaiveDate, TimeDelta, Timelike as _};
use kernel::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::bills::BillFlaw;
use super::fields::{NewTrade, Problem, beijing, fen, time, written};
use super::script::Script;

/// How long a QR can be scanned.
const CODE_LIFE: TimeDelta = TimeDelta::hours(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeStatus {
    WaitBuyerPay,
    TradeSuccess,
    TradeClosed,
}

/// An order as the merchant made it. Until a payer scans it there is no trade.
#[derive(Debug, Clone)]
pub struct Order {
    pub asked: NewTrade,
    pub fen: i64,
    pub notify_url: Option<String>,
    pub qr_code: String,
    pub code_made_at: Timestamp,
    pub expires: Option<Timestamp>,
    pub trade: Option<Trade>,
    pub script: Script,
}

/// What a payer made of an order.
#[derive(Debug, Clone)]
pub struct Trade {
    pub number: String,
    pub status: TradeStatus,
    pub made_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub refunds: Vec<Refund>,
}

/// A refund as the channel keeps it.
#[derive(Debug, Clone)]
pub struct Refund {
    pub out_request_no: String,
    pub fen: i64,
    pub done_at: Option<Timestamp>,
}

/// Everything.
#[derive(Debug, Default)]
pub struct Truth {
    pub orders: BTreeMap<String, Order>,
    /// What the next new orders shall do.
    pub scripts: VecDeque<Script>,
    /// What an order of a number shall do once it is made.
    pub promised: BTreeMap<String, Script>,
    /// What the order of a shown code shall do, by the code.
    pub promised_codes: BTreeMap<String, Script>,
    /// Codes of payers that were used.
    pub used_codes: BTreeSet<String>,
    pub bill_flaws: Vec<(NaiveDate, BillFlaw)>,
    /// Addresses of bills: when they were given, and what lies there.
    pub downloads: BTreeMap<String, (Timestamp, Vec<u8>)>,
    /// How far the days of what happens are ahead of real time.
    pub ahead: TimeDelta,
    made: u64,
}

impl Trade {
    /// What went back so far, in fen.
    pub fn refunded(&self) -> i64 {
        self.refunds
            .iter()
            .filter(|r| r.done_at.is_some())
            .map(|r| r.fen)
            .sum()
    }
}

impl Order {
    /// The order for people and tests, in the words of every channel's control door.
    pub fn summary(&self) -> Value {
        json!({
            "out_trade_no": self.asked.out_trade_no,
            "description": self.asked.subject,
            "code_url": self.qr_code,
            "trade_state": self.state(),
            "amount_minor": self.fen,
            "notify_url": self.notify_url,
            "transaction_id": self.trade.as_ref().map(|trade| trade.number.clone()),
            "expires": self.expires.map(written),
        })
    }

    fn state(&self) -> &'static str {
        match &self.trade {
            Some(trade) if trade.paid_at.is_some() && trade.refunds.is_empty() => "SUCCESS",
            Some(trade) if trade.paid_at.is_some() => "REFUND",
            Some(trade) if trade.status == TradeStatus::TradeClosed => "CLOSED",
            _ => "NOTPAY",
        }
    }

    fn refunds(&self) -> impl Iterator<Item = Value> {
        let refunds = self.trade.iter().flat_map(|trade| &trade.refunds);
        refunds.map(|refund| {
            json!({
                "out_refund_no": refund.out_request_no,
                "out_trade_no": self.asked.out_trade_no,
                "status": if refund.done_at.is_some() { "SUCCESS" } else { "PROCESSING" },
                "amount": { "refund": refund.fen },
            })
        })
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| now > end) || now > self.code_made_at + CODE_LIFE
    }
}

impl Truth {
    /// Numbers that look like the channel's and never repeat, not even after a
    /// restart: the first of them is the time of the day, in hundredths of a millisecond.
    pub fn number(&mut self, now: Timestamp) -> String {
        let here = now.with_timezone(&beijing());
        if self.made == 0 {
            self.made =
                u64::from(here.num_seconds_from_midnight()) * 100_000 + u64::from(here.nanosecond() / 10_000);
        }
        self.made += 1;
        format!("{}22001{:015}", here.format("%Y%m%d"), self.made)
    }

    /// Takes an order in; one with the same number must be the same.
    pub fn take_in(
        &mut self,
        asked: NewTrade,
        notify_url: Option<String>,
        now: Timestamp,
    ) -> Result<&mut Order, Problem> {
        let (number, amount) = (asked.out_trade_no.clone(), fen(&asked.total_amount)?);
        if let Some(known) = self.orders.get(&number) {
            match known.trade.as_ref().map(|trade| trade.status) {
                Some(TradeStatus::TradeSuccess) => {
                    return Err(Problem::business("ACQ.TRADE_HAS_SUCCESS", "the trade is paid"));
                }
                Some(TradeStatus::TradeClosed) => {
                    return Err(Problem::business("ACQ.TRADE_HAS_CLOSE", "the trade is closed"));
                }
                _ if known.asked != asked => {
                    return Err(Problem::business(
                        "ACQ.CONTEXT_INCONSISTENT",
                        "this number was used with other parameters",
                    ));
                }
                _ => {}
            }
        } else {
            let expires = asked.time_expire.as_deref().map(time).transpose()?;
            let promised = self.promised.remove(&number);
            let order = Order {
                qr_code: format!("https://qr.alipay.com/bax{}", self.number(now)),
                code_made_at: now,
                fen: amount,
                notify_url,
                expires,
                trade: None,
                script: promised.or_else(|| self.scripts.pop_front()).unwrap_or_default(),
                asked,
            };
            self.orders.insert(number.clone(), order);
        }
        self.order_mut(&number)
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

    pub fn order_mut(&mut self, out_trade_no: &str) -> Result<&mut Order, Problem> {
        self.orders.get_mut(out_trade_no).ok_or_else(Problem::no_trade)
    }

    /// The number of the order that a QR, our number or the channel's names.
    pub fn find(&self, which: &str) -> Result<String, Problem> {
        let named = |order: &&Order| {
            order.qr_code == which.trim()
                || order.asked.out_trade_no == which
                || order.trade.as_ref().is_some_and(|trade| trade.number == which)
        };
        let found = self.orders.values().find(named);
        found
            .map(|order| order.asked.out_trade_no.clone())
            .ok_or_else(Problem::no_trade)
    }

    /// The payer scans: from here on there is a trade.
    pub fn scan(&mut self, which: &str, late: bool, now: Timestamp) -> Result<&mut Order, Problem> {
        let number = self.find(which)?;
        let trade_no = self.number(now);
        let made_at = now + self.ahead;
        let order = self.order_mut(&number)?;
        if order.is_over(now) && !late {
            return Err(Problem::business("ACQ.TRADE_HAS_CLOSE", "this QR has expired"));
        }
        order.trade.get_or_insert(Trade {
            number: trade_no,
            status: TradeStatus::WaitBuyerPay,
            made_at,
            paid_at: None,
            closed_at: None,
            refunds: Vec::new(),
        });
        Ok(order)
    }

    /// The payer pays. `late` pays although the trade was closed or the QR has
    /// expired, as it happens when a payment and a close cross.
    pub fn pay(&mut self, which: &str, late: bool, now: Timestamp) -> Result<Order, Problem> {
        let at = now + self.ahead;
        let order = self.scan(which, late, now)?;
        let trade = order.trade.as_mut().ok_or_else(Problem::no_trade)?;
        match trade.status {
            TradeStatus::TradeClosed if trade.paid_at.is_none() && late => {}
            TradeStatus::WaitBuyerPay => {}
            _ => {
                return Err(Problem::business(
                    "ACQ.TRADE_HAS_CLOSE",
                    "this cannot be paid any more",
                ));
            }
        }
        trade.status = TradeStatus::TradeSuccess;
        trade.paid_at = Some(at);
        trade.closed_at = None;
        Ok(order.clone())
    }

    /// Every refund that was accepted.
    pub fn refunds(&self) -> Vec<Value> {
        self.orders.values().flat_map(Order::refunds).collect()
    }
}
