//! Refunds. That Alipay took one in is no success, and what an answer calls
//! `refund_fee` is the sum of all refunds of the trade.

use kernel::{fen_from_yuan, yuan_text};
use serde::{Deserialize, Serialize};

use super::{garbled, outcome, read_time, told};
use crate::channel::alipay::Alipay;
use crate::channel::alipay::verdict::{self, Refusals};
use crate::channel::{Outcome, RefundOrder, Returned};

const REFUSALS: Refusals = Refusals {
    for_good: &[
        "ACQ.DISCORDANT_REPEAT_REQUEST",
        "ACQ.INVALID_PARAMETER",
        "ACQ.REASON_TRADE_BEEN_FREEZEN",
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
        "ACQ.TRADE_HAS_FINISHED",
        "ACQ.TRADE_NOT_EXIST",
        "ACQ.TRADE_STATUS_ERROR",
    ],
    for_now: &["ACQ.SELLER_BALANCE_NOT_ENOUGH"],
    closed: &[],
};
/// The longest reason, in characters.
const LONGEST_REASON: usize = 256;

#[derive(Serialize)]
struct Request<'a> {
    out_trade_no: &'a str,
    refund_amount: String,
    out_request_no: &'a str,
    refund_reason: String,
}

#[derive(Deserialize)]
struct Accepted {
    out_trade_no: String,
    #[serde(default)]
    trade_no: String,
    /// Whether money moved by this very request.
    #[serde(default)]
    fund_change: String,
    #[serde(default)]
    gmt_refund_pay: String,
}

pub async fn submit(account: &Alipay, refund: &RefundOrder) -> Outcome<Returned> {
    let request = Request {
        out_trade_no: refund.payment.as_str(),
        refund_amount: yuan_text(refund.amount.minor()),
        out_request_no: refund.number.as_str(),
        refund_reason: refund.reason.chars().take(LONGEST_REASON).collect(),
    };
    let answer = account.transport.call("alipay.trade.refund", &request).await;
    // An earlier try may be under way, and Alipay's silence about it proves
    // nothing: what is wrong with our key or our rights ends no refund.
    if let Ok(answer) = answer.as_ref()
        && verdict::is_turned_away(answer)
    {
        return Outcome::Unknown(format!("turned away: {} {}", answer.code, answer.sub_code));
    }
    outcome(answer, &REFUSALS, |accepted: Accepted| {
        if accepted.out_trade_no != refund.payment.as_str() {
            return garbled("the refund of another trade");
        }
        if accepted.fund_change != "Y" {
            return Outcome::Pending;
        }
        Outcome::Succeeded(Returned {
            channel_refund: accepted.trade_no,
            returned_at: read_time(&accepted.gmt_refund_pay),
        })
    })
}

#[derive(Serialize)]
struct Question<'a> {
    out_trade_no: &'a str,
    out_request_no: &'a str,
    query_options: [&'static str; 3],
}

#[derive(Debug, Default, Deserialize)]
struct Found {
    #[serde(default)]
    out_request_no: String,
    #[serde(default)]
    trade_no: String,
    #[serde(default)]
    refund_status: String,
    /// Of this refund alone.
    #[serde(default)]
    refund_amount: String,
    #[serde(default)]
    gmt_refund_pay: String,
}

impl Found {
    fn outcome(self, refund: &RefundOrder) -> Outcome<Returned> {
        if self.out_request_no.is_empty() && self.refund_status.is_empty() {
            return Outcome::NotFound;
        }
        if self.out_request_no != refund.number.as_str() {
            return garbled("another refund");
        }
        if self.refund_status != "REFUND_SUCCESS" {
            return Outcome::Pending;
        }
        if fen_from_yuan(&self.refund_amount) != Ok(refund.amount.minor()) {
            return Outcome::Unknown(format!("refunded {} by that number", self.refund_amount));
        }
        Outcome::Succeeded(Returned {
            channel_refund: self.trade_no,
            returned_at: read_time(&self.gmt_refund_pay),
        })
    }
}

pub async fn query(account: &Alipay, refund: &RefundOrder) -> Outcome<Returned> {
    let question = Question {
        out_trade_no: refund.payment.as_str(),
        out_request_no: refund.number.as_str(),
        query_options: ["refund_detail_item_list", "gmt_refund_pay", "deposit_back_info"],
    };
    let answer = account
        .transport
        .call("alipay.trade.fastpay.refund.query", &question)
        .await;
    told(answer, |found: Found| found.outcome(refund))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::ChannelNumber;
    use kernel::Amount;

    fn outcome_of(json: &str) -> Outcome<Returned> {
        let refund = RefundOrder {
            payment: ChannelNumber::from_text("p"),
            number: ChannelNumber::from_text("r"),
            amount: Amount::from_minor(150).unwrap(),
            total: Amount::from_minor(1_000).unwrap(),
            reason: String::new(),
        };
        serde_json::from_str::<Found>(json).unwrap().outcome(&refund)
    }

    #[test]
    fn only_the_word_for_success_and_the_amount_of_this_refund_prove_it() {
        let done = r#"{"out_request_no":"r","trade_no":"t","refund_status":"REFUND_SUCCESS","refund_amount":"1.50","refund_fee":"4.50"}"#;
        assert!(matches!(outcome_of(done), Outcome::Succeeded(_)));
        let sum = r#"{"out_request_no":"r","trade_no":"t","refund_status":"REFUND_SUCCESS","refund_amount":"4.50"}"#;
        assert!(matches!(outcome_of(sum), Outcome::Unknown(_)));
        let under_way = r#"{"out_request_no":"r","refund_amount":"1.50"}"#;
        assert_eq!(outcome_of(under_way), Outcome::Pending);
        let other = r#"{"out_request_no":"x","refund_status":"REFUND_SUCCESS","refund_amount":"1.50"}"#;
        assert!(matches!(outcome_of(other), Outcome::Unknown(_)));
    }

    #[test]
    fn an_empty_answer_means_that_nothing_is_known_by_the_number() {
        assert_eq!(outcome_of("{}"), Outcome::NotFound);
    }
}
