//! Payment by code: the payer shows it, we scan it.

use kernel::yuan_text;
use serde::{Deserialize, Serialize};

use super::trade::{Trade, Which};
use super::{doubtful, garbled, outcome, subject, wire_time};
use crate::channel::alipay::Alipay;
use crate::channel::alipay::verdict::{self, DONE, Refusals};
use crate::channel::{ChannelNumber, Counter, Failure, Order, Outcome, Paid, PayerCode};

const REFUSALS: Refusals = Refusals {
    for_good: &[
        "ACQ.ACCESS_FORBIDDEN",
        "ACQ.BUYER_BALANCE_NOT_ENOUGH",
        "ACQ.EXIST_FORBIDDEN_WORD",
        "ACQ.INVALID_PARAMETER",
        "ACQ.PAYMENT_AUTH_CODE_INVALID",
        "ACQ.PAYMENT_FAIL",
        "ACQ.TOTAL_FEE_EXCEED",
    ],
    for_now: &[],
    closed: &["ACQ.TRADE_HAS_CLOSE"],
};
/// The longest name of a counter's device.
const LONGEST_TERMINAL: usize = 32;

#[derive(Serialize)]
struct Request<'a> {
    out_trade_no: &'a str,
    scene: &'static str,
    auth_code: &'a str,
    subject: String,
    total_amount: String,
    product_code: &'static str,
    time_expire: String,
    store_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    terminal_id: String,
}

pub async fn charge(account: &Alipay, order: &Order, code: &PayerCode, counter: &Counter) -> Outcome<Paid> {
    if !is_payer_code(code.expose()) {
        return Outcome::Failed(Failure::for_good("ACQ.PAYMENT_AUTH_CODE_INVALID"));
    }
    let request = Request {
        out_trade_no: order.number.as_str(),
        scene: "bar_code",
        auth_code: code.expose(),
        subject: subject(order),
        total_amount: yuan_text(order.amount.minor()),
        product_code: "FACE_TO_FACE_PAYMENT",
        time_expire: wire_time(order.expire_at),
        store_id: counter.studio.0.simple().to_string(),
        terminal_id: counter.device.chars().take(LONGEST_TERMINAL).collect(),
    };
    let answer = account
        .transport
        .call_with_notice("alipay.trade.pay", &request)
        .await;
    outcome(answer, &REFUSALS, |trade: Trade| {
        if trade.out_trade_no != order.number.as_str() {
            return garbled("the payment of another order");
        }
        trade
            .paid(&account.identity)
            .map_or_else(|| garbled("a payment"), Outcome::Succeeded)
    })
}

/// 16 to 24 digits that begin with 25 to 30.
fn is_payer_code(code: &str) -> bool {
    let begins = code.get(..2).and_then(|two| two.parse::<u8>().ok());
    (16..=24).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && begins.is_some_and(|two| (25..=30).contains(&two))
}

#[derive(Deserialize)]
struct Cancelled {
    #[serde(default)]
    retry_flag: String,
}

/// Ends a trade whose end nobody waits for. Alipay says whether to ask again;
/// when it says no to a failure, a person has to look.
pub async fn cancel(account: &Alipay, number: &ChannelNumber) -> Outcome<()> {
    let which = Which {
        out_trade_no: number.as_str(),
    };
    let answer = match account.transport.call("alipay.trade.cancel", &which).await {
        Ok(answer) => answer,
        Err(doubt) => return doubtful(&doubt),
    };
    let again = serde_json::from_str::<Cancelled>(&answer.text).map(|c| c.retry_flag);
    match (answer.code.as_str(), again.as_deref()) {
        (DONE, Ok("N" | "")) => Outcome::Succeeded(()),
        (DONE, _) => Outcome::Unknown(format!("{DONE}, to be asked again")),
        ("40004", Ok("N")) if answer.sub_code != "ACQ.TRADE_NOT_EXIST" => {
            Outcome::NeedsPerson(answer.sub_code)
        }
        _ => verdict::of(&answer, &Refusals::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_alipays_codes_are_sent_to_it() {
        assert!(is_payer_code("280123456789012345"));
        assert!(is_payer_code("3012345678901234"));
        for other in [
            "130123456789012345", // WeChat Pay's
            "310123456789012345",
            "28012345678901",
            "2801234567890123456789012",
            "28012345678901234x",
            "",
        ] {
            assert!(!is_payer_code(other), "{other}");
        }
    }
}
