//! A trade as Alipay keeps it: what became of it, and that it shall end.

use kernel::{CURRENCY, fen_from_yuan};
use serde::{Deserialize, Serialize};

use super::{garbled, outcome, read_time, told};
use crate::channel::alipay::Alipay;
use crate::channel::alipay::verdict::Refusals;
use crate::channel::{ChannelNumber, Failure, Identity, Outcome, Paid};

#[derive(Serialize)]
pub struct Which<'a> {
    pub out_trade_no: &'a str,
}

/// What the answers to a query and to a payment by code tell.
#[derive(Deserialize)]
pub struct Trade {
    pub out_trade_no: String,
    #[serde(default, rename = "trade_no")]
    transaction: String,
    #[serde(default, rename = "trade_status")]
    status: String,
    #[serde(default)]
    total_amount: String,
    #[serde(default)]
    trans_currency: String,
    #[serde(default, alias = "gmt_payment")]
    send_pay_date: String,
    /// What went back so far, in all.
    #[serde(default)]
    refund_fee: String,
}

impl Trade {
    /// The payment; `None` when a part of it is missing. An answer to a request
    /// that we signed is about a trade of ours, and names neither us nor our
    /// application.
    pub fn paid(&self, ours: &Identity) -> Option<Paid> {
        let currency = if self.trans_currency.is_empty() {
            CURRENCY
        } else {
            &self.trans_currency
        };
        Some(Paid {
            number: ChannelNumber::from_text(&self.out_trade_no),
            identity: ours.clone(),
            transaction: Some(self.transaction.clone()).filter(|no| !no.is_empty())?,
            amount_minor: fen_from_yuan(&self.total_amount).ok()?,
            currency: currency.to_owned(),
            paid_at: read_time(&self.send_pay_date)?,
        })
    }

    /// A closed trade was never paid, or all of its money went back.
    fn ended_unpaid(&self) -> bool {
        let nothing_back = self.refund_fee.is_empty() || fen_from_yuan(&self.refund_fee) == Ok(0);
        self.send_pay_date.is_empty() && nothing_back
    }

    /// As [`Self::outcome`], of a charge that may have been cancelled: a trade that
    /// is closed was never paid or went back whole, and a query need not say which.
    fn outcome_of_charge(&self, ours: &Identity) -> Outcome<Paid> {
        if self.status != "TRADE_CLOSED" {
            return self.outcome(ours);
        }
        let whole = fen_from_yuan(&self.refund_fee) == fen_from_yuan(&self.total_amount);
        if whole || self.refund_fee.is_empty() {
            Outcome::Failed(Failure::for_good("TRADE_CLOSED"))
        } else {
            garbled("a closed trade of which a part went back")
        }
    }

    fn outcome(&self, ours: &Identity) -> Outcome<Paid> {
        match self.status.as_str() {
            "WAIT_BUYER_PAY" => Outcome::Pending,
            "TRADE_CLOSED" if self.ended_unpaid() => Outcome::Failed(Failure::for_good("TRADE_CLOSED")),
            "TRADE_SUCCESS" | "TRADE_FINISHED" | "TRADE_CLOSED" => self
                .paid(ours)
                .map_or_else(|| garbled("a payment"), Outcome::Succeeded),
            other => Outcome::Unknown(format!("trade_status {other}")),
        }
    }
}

pub async fn query(account: &Alipay, number: &ChannelNumber) -> Outcome<Paid> {
    ask(account, number, Trade::outcome).await
}

pub async fn query_charge(account: &Alipay, number: &ChannelNumber) -> Outcome<Paid> {
    ask(account, number, Trade::outcome_of_charge).await
}

async fn ask(
    account: &Alipay,
    number: &ChannelNumber,
    read: fn(&Trade, &Identity) -> Outcome<Paid>,
) -> Outcome<Paid> {
    let which = Which {
        out_trade_no: number.as_str(),
    };
    let answer = account.transport.call("alipay.trade.query", &which).await;
    told(answer, |trade: Trade| {
        // a true answer to another question proves nothing
        if trade.out_trade_no == number.as_str() {
            read(&trade, &account.identity)
        } else {
            garbled("a query of another trade")
        }
    })
}

#[derive(Deserialize)]
struct Closed {}

/// That no such trade exists is `NotFound`, and no proof: whoever has the QR on
/// a screen can still scan it.
pub async fn close(account: &Alipay, number: &ChannelNumber) -> Outcome<()> {
    let which = Which {
        out_trade_no: number.as_str(),
    };
    let answer = account.transport.call("alipay.trade.close", &which).await;
    outcome(answer, &Refusals::default(), |Closed {}| Outcome::Succeeded(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome_of(json: &str) -> Outcome<Paid> {
        let ours = Identity {
            merchant: "2088".to_owned(),
            app: "2021".to_owned(),
        };
        serde_json::from_str::<Trade>(json).unwrap().outcome(&ours)
    }

    #[test]
    fn a_paid_trade_counts_with_its_total_in_fen() {
        let paid = outcome_of(
            r#"{"out_trade_no":"n","trade_no":"t","trade_status":"TRADE_SUCCESS","total_amount":"88.8",
                "receipt_amount":"80.00","send_pay_date":"2026-11-21 10:00:00"}"#,
        );
        let Outcome::Succeeded(paid) = paid else {
            panic!("{paid:?}")
        };
        assert_eq!((paid.amount_minor, paid.currency.as_str()), (8_880, "CNY"));
    }

    #[test]
    fn a_payment_without_its_amount_time_or_number_is_none() {
        for json in [
            r#"{"out_trade_no":"n","trade_no":"t","trade_status":"TRADE_SUCCESS","send_pay_date":"2026-11-21 10:00:00"}"#,
            r#"{"out_trade_no":"n","trade_no":"t","trade_status":"TRADE_SUCCESS","total_amount":"1.00"}"#,
            r#"{"out_trade_no":"n","trade_status":"TRADE_SUCCESS","total_amount":"1.00","send_pay_date":"2026-11-21 10:00:00"}"#,
            r#"{"out_trade_no":"n","trade_no":"t","trade_status":"TRADE_SUCCESS","total_amount":"1.001","send_pay_date":"2026-11-21 10:00:00"}"#,
        ] {
            assert!(matches!(outcome_of(json), Outcome::Unknown(_)), "{json}");
        }
    }

    #[test]
    fn what_a_cancelled_charge_gave_back_is_no_payment() {
        let charge = |status: &str, back: &str| {
            let json = format!(
                r#"{{"out_trade_no":"n","trade_no":"t","trade_status":"{status}","total_amount":"1.00",
                    "send_pay_date":"2026-11-21 10:00:00","refund_fee":"{back}"}}"#
            );
            serde_json::from_str::<Trade>(&json)
                .unwrap()
                .outcome_of_charge(&Identity {
                    merchant: "2088".to_owned(),
                    app: "2021".to_owned(),
                })
        };
        for back in ["", "1.00"] {
            assert!(
                matches!(charge("TRADE_CLOSED", back), Outcome::Failed(_)),
                "{back}"
            );
            assert!(
                matches!(charge("TRADE_SUCCESS", back), Outcome::Succeeded(_)),
                "{back}"
            );
        }
        assert!(matches!(charge("TRADE_CLOSED", "0.99"), Outcome::Unknown(_)));
    }

    #[test]
    fn a_closed_trade_that_was_paid_once_is_a_payment() {
        let unpaid =
            r#"{"out_trade_no":"n","trade_no":"t","trade_status":"TRADE_CLOSED","total_amount":"1.00"}"#;
        assert!(matches!(outcome_of(unpaid), Outcome::Failed(_)));
        let back = r#"{"out_trade_no":"n","trade_no":"t","trade_status":"TRADE_CLOSED","total_amount":"1.00",
                       "send_pay_date":"2026-11-21 10:00:00","refund_fee":"1.00"}"#;
        assert!(matches!(outcome_of(back), Outcome::Succeeded(_)));
        let unclear = r#"{"out_trade_no":"n","trade_no":"t","trade_status":"TRADE_CLOSED","total_amount":"1.00","refund_fee":"1.00"}"#;
        assert!(matches!(outcome_of(unclear), Outcome::Unknown(_)));
    }
}
