//! Money on its way back: reserved and done once for each number.

use std::sync::Arc;

use chrono::TimeDelta;
use kernel::Timestamp;
use serde_json::json;

use super::calls::traded;
use super::door::Answer;
use super::fields::{NewRefund, Problem, Which, fen, written, yuan};
use super::script::RefundEnd;
use super::truth::{Order, Refund, Trade, TradeStatus};
use super::{Inner, lock};

/// How long after its payment a trade can be refunded.
const WINDOW: TimeDelta = TimeDelta::days(365);

impl Trade {
    /// Sends money back, and ends the trade when nothing is left of it.
    pub fn give_back(&mut self, out_request_no: &str, fen: i64, now: Timestamp) {
        match self
            .refunds
            .iter_mut()
            .find(|r| r.out_request_no == out_request_no)
        {
            Some(refund) => refund.done_at = Some(now),
            None => self.refunds.push(Refund {
                out_request_no: out_request_no.to_owned(),
                fen,
                done_at: Some(now),
            }),
        }
    }

    fn end_when_empty(&mut self, total: i64, now: Timestamp) {
        if self.refunded() == total {
            self.status = TradeStatus::TradeClosed;
            self.closed_at = Some(now);
        }
    }
}

impl NewRefund {
    fn which(&self) -> Which {
        Which {
            out_trade_no: self.out_trade_no.clone(),
            trade_no: self.trade_no.clone(),
            query_options: None,
            operator_id: None,
            out_request_no: None,
        }
    }
}

impl Inner {
    pub(super) fn refund(self: &Arc<Self>, asked: &NewRefund) -> Answer {
        asked.check()?;
        let amount = fen(&asked.refund_amount)?;
        let mut truth = lock(&self.truth);
        let now = Self::now() + truth.ahead;
        let order = traded(&mut truth, &asked.which())?;
        // a whole refund needs no number of its own
        let number = asked
            .out_request_no
            .clone()
            .unwrap_or_else(|| order.asked.out_trade_no.clone());
        if !is_new(order, &number, amount)? {
            return Ok(accepted(order, false));
        }
        check(order, amount, now)?;
        let (end, total) = (order.script.refund_ends, order.fen);
        let trade = order.trade.as_mut().ok_or_else(Problem::no_trade)?;
        if end == RefundEnd::AtOnce {
            trade.give_back(&number, amount, now);
            trade.end_when_empty(total, now);
        } else if end == RefundEnd::Lost {
            order.script.refund_ends = RefundEnd::AtOnce;
        } else {
            trade.refunds.push(Refund {
                out_request_no: number.clone(),
                fen: amount,
                done_at: None,
            });
        }
        let (said, order) = (accepted(order, end == RefundEnd::AtOnce), order.clone());
        drop(truth);
        match end {
            RefundEnd::AtOnce => self.announce_refund(order, &number),
            RefundEnd::Later => self.clone().finish_later(order.asked.out_trade_no, number),
            RefundEnd::Lost | RefundEnd::Never => {}
        }
        Ok(said)
    }

    /// Only what is done is told; of what is under way nobody says how it stands.
    pub(super) fn refund_now(&self, which: &Which) -> Answer {
        let number = which
            .out_request_no
            .clone()
            .ok_or_else(|| Problem::param("name a refund"))?;
        let mut truth = lock(&self.truth);
        let order = traded(&mut truth, which)?;
        let trade = order.trade.as_ref().ok_or_else(Problem::no_trade)?;
        let Some(refund) = trade.refunds.iter().find(|r| r.out_request_no == number) else {
            return Ok(json!({}));
        };
        let mut said = json!({
            "out_trade_no": order.asked.out_trade_no,
            "trade_no": trade.number,
            "out_request_no": number,
            "total_amount": yuan(order.fen),
            "refund_amount": yuan(refund.fen),
        });
        if let Some(at) = refund.done_at {
            said["refund_status"] = json!("REFUND_SUCCESS");
            said["gmt_refund_pay"] = json!(written(at));
        }
        Ok(said)
    }

    pub(super) fn finish_later(self: Arc<Self>, out_trade_no: String, number: String) {
        let inner = self.clone();
        self.spawn(async move {
            tokio::time::sleep(inner.config.refund_takes).await;
            let done = {
                let mut truth = lock(&inner.truth);
                let now = Self::now() + truth.ahead;
                let Ok(order) = truth.order_mut(&out_trade_no) else {
                    return;
                };
                let total = order.fen;
                if let Some(trade) = order.trade.as_mut() {
                    trade.give_back(&number, 0, now);
                    trade.end_when_empty(total, now);
                }
                order.clone()
            };
            inner.announce_refund(done, &number);
        });
    }
}

/// Whether a refund has its number for the first time.
fn is_new(order: &Order, number: &str, amount: i64) -> Result<bool, Problem> {
    let refunds = order
        .trade
        .as_ref()
        .map(|trade| trade.refunds.as_slice())
        .unwrap_or_default();
    match refunds.iter().find(|refund| refund.out_request_no == number) {
        None => Ok(true),
        Some(refund) if refund.fen == amount => Ok(false),
        Some(_) => Err(Problem::business(
            "ACQ.DISCORDANT_REPEAT_REQUEST",
            "this number was used for another amount",
        )),
    }
}

fn check(order: &Order, amount: i64, now: Timestamp) -> Result<(), Problem> {
    let trade = order.trade.as_ref().ok_or_else(Problem::no_trade)?;
    let Some(paid_at) = trade
        .paid_at
        .filter(|_| trade.status == TradeStatus::TradeSuccess)
    else {
        return Err(Problem::business(
            "ACQ.TRADE_STATUS_ERROR",
            "the trade is not paid",
        ));
    };
    if order.script.refund_not_enough {
        return Err(Problem::business(
            "ACQ.SELLER_BALANCE_NOT_ENOUGH",
            "the balance does not suffice",
        ));
    }
    if now > paid_at + WINDOW {
        return Err(Problem::business(
            "ACQ.TRADE_HAS_FINISHED",
            "refunds end a year after the payment",
        ));
    }
    let earlier: i64 = trade.refunds.iter().map(|refund| refund.fen).sum();
    if earlier + amount > order.fen {
        return Err(Problem::business(
            "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
            "the refunds would exceed the trade",
        ));
    }
    Ok(())
}

/// `refund_fee` is what went back so far in all.
fn accepted(order: &Order, moved: bool) -> serde_json::Value {
    let trade = order.trade.as_ref();
    json!({
        "out_trade_no": order.asked.out_trade_no,
        "trade_no": trade.map(|trade| trade.number.clone()),
        "fund_change": if moved { "Y" } else { "N" },
        "refund_fee": yuan(trade.map_or(0, Trade::refunded)),
    })
}
