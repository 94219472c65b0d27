//! Orders as WeChat Pay shows them, query and close: the same for every way to pay.

use serde::{Deserialize, Serialize};

use super::{garbled, outcome, read_time, told};
use crate::channel::wechat::WeChat;
use crate::channel::{ChannelNumber, Failure, Identity, Outcome, Paid};

/// An order as WeChat Pay states it, in answers and callbacks.
#[derive(Debug, Deserialize)]
pub struct Transaction {
    appid: String,
    mchid: String,
    out_trade_no: String,
    #[serde(default, rename = "transaction_id")]
    id: Option<String>,
    trade_state: String,
    #[serde(default)]
    success_time: Option<String>,
    #[serde(default)]
    amount: Option<OrderAmount>,
}

/// `total` is what was asked for; the payer may have paid less by a coupon.
#[derive(Debug, Deserialize)]
struct OrderAmount {
    total: i64,
    #[serde(default)]
    currency: Option<String>,
}

impl Transaction {
    /// The payment, when it was made; `None` also when a part of it is missing.
    pub fn paid(self) -> Option<Paid> {
        if !matches!(self.trade_state.as_str(), "SUCCESS" | "REFUND") {
            return None;
        }
        let amount = self.amount?;
        Some(Paid {
            number: ChannelNumber::from_text(self.out_trade_no),
            identity: Identity {
                merchant: self.mchid,
                app: self.appid,
            },
            transaction: self.id.filter(|id| !id.is_empty())?,
            amount_minor: amount.total,
            currency: amount.currency.unwrap_or_default(),
            paid_at: read_time(&self.success_time?)?,
        })
    }
}

/// What an order that WeChat Pay shows says about the one by this number.
pub fn state(body: &[u8], number: &ChannelNumber) -> Outcome<Paid> {
    let Ok(transaction) = serde_json::from_slice::<Transaction>(body) else {
        return garbled("an order");
    };
    // a true answer to another question proves nothing
    if transaction.out_trade_no != number.as_str() {
        return garbled("another order");
    }
    match transaction.trade_state.as_str() {
        "SUCCESS" | "REFUND" => transaction
            .paid()
            .map_or_else(|| garbled("a paid order"), Outcome::Succeeded),
        "NOTPAY" | "USERPAYING" | "ACCEPT" => Outcome::Pending,
        "CLOSED" | "REVOKED" => Outcome::Failed(Failure::for_good(transaction.trade_state)),
        "PAYERROR" => Outcome::Failed(Failure::to_reverse(transaction.trade_state)),
        other => Outcome::Unknown(format!("trade_state {other}")),
    }
}

pub async fn query(account: &WeChat, number: &ChannelNumber) -> Outcome<Paid> {
    let target = format!(
        "/v3/pay/transactions/out-trade-no/{number}?mchid={}",
        account.identity.merchant
    );
    told(account.transport.get(&target).await, |body| state(body, number))
}

#[derive(Serialize)]
struct Close<'a> {
    mchid: &'a str,
}

pub async fn close(account: &WeChat, number: &ChannelNumber) -> Outcome<()> {
    let target = format!("/v3/pay/transactions/out-trade-no/{number}/close");
    let request = Close {
        mchid: &account.identity.merchant,
    };
    outcome(account.transport.post(&target, &request).await, |_| {
        Outcome::Succeeded(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(json: &str) -> Transaction {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_paid_order_without_its_amount_is_no_payment() {
        let t = transaction(
            r#"{"appid":"a","mchid":"m","out_trade_no":"n","transaction_id":"t","trade_state":"SUCCESS","success_time":"2026-11-21T10:00:00+08:00"}"#,
        );
        assert_eq!(t.paid(), None);
    }

    #[test]
    fn the_orders_total_counts_and_not_what_a_coupon_left() {
        let t = transaction(
            r#"{"appid":"a","mchid":"m","out_trade_no":"n","transaction_id":"t","trade_state":"SUCCESS",
                "success_time":"2026-11-21T10:00:00+08:00","amount":{"total":100,"payer_total":90,"currency":"CNY"}}"#,
        );
        assert_eq!(t.paid().unwrap().amount_minor, 100);
    }

    #[test]
    fn an_unpaid_order_is_no_payment() {
        let t = transaction(r#"{"appid":"a","mchid":"m","out_trade_no":"n","trade_state":"NOTPAY"}"#);
        assert_eq!(t.paid(), None);
    }
}
