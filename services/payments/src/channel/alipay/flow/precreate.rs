//! Pre-creation: the payer scans a QR that we show. Until then no trade exists.

use kernel::yuan_text;
use serde::{Deserialize, Serialize};

use super::{garbled, outcome, subject, wire_time};
use crate::channel::alipay::Alipay;
use crate::channel::alipay::verdict::Refusals;
use crate::channel::{Order, Outcome};

const REFUSALS: Refusals = Refusals {
    for_good: &[
        "ACQ.ACCESS_FORBIDDEN",
        "ACQ.EXIST_FORBIDDEN_WORD",
        "ACQ.INVALID_PARAMETER",
        "ACQ.TOTAL_FEE_EXCEED",
    ],
    for_now: &[],
    closed: &["ACQ.TRADE_HAS_CLOSE"],
};

#[derive(Serialize)]
struct Request<'a> {
    out_trade_no: &'a str,
    total_amount: String,
    subject: String,
    product_code: &'static str,
    time_expire: String,
}

#[derive(Deserialize)]
struct Reply {
    out_trade_no: String,
    qr_code: String,
}

pub async fn open(account: &Alipay, order: &Order) -> Outcome<String> {
    let request = Request {
        out_trade_no: order.number.as_str(),
        total_amount: yuan_text(order.amount.minor()),
        subject: subject(order),
        product_code: "FACE_TO_FACE_PAYMENT",
        time_expire: wire_time(order.expire_at),
    };
    let answer = account
        .transport
        .call_with_notice("alipay.trade.precreate", &request);
    outcome(answer.await, &REFUSALS, |reply: Reply| {
        if reply.out_trade_no == order.number.as_str() && !reply.qr_code.is_empty() {
            Outcome::Succeeded(reply.qr_code)
        } else {
            garbled("the QR of another order")
        }
    })
}
