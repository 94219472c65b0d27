//! Native: the payer scans a QR that we show.

use serde::{Deserialize, Serialize};

use super::{Total, garbled, outcome, wire_time};
use crate::channel::wechat::WeChat;
use crate::channel::{Order, Outcome};

#[derive(Serialize)]
struct Request<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    amount: Total,
}

#[derive(Deserialize)]
struct Reply {
    code_url: String,
}

pub async fn open(account: &WeChat, order: &Order) -> Outcome<String> {
    let request = Request {
        appid: &account.identity.app,
        mchid: &account.identity.merchant,
        description: &order.description,
        out_trade_no: order.number.as_str(),
        time_expire: wire_time(order.expire_at),
        notify_url: &account.notify_url,
        amount: Total::of(order.amount),
    };
    outcome(
        account
            .transport
            .post("/v3/pay/transactions/native", &request)
            .await,
        |body| match serde_json::from_slice::<Reply>(body) {
            Ok(reply) if !reply.code_url.is_empty() => Outcome::Succeeded(reply.code_url),
            _ => garbled("native"),
        },
    )
}
