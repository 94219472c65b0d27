//! JSAPI: the payer pays inside WeChat, on a page or in a mini-program.

use serde::{Deserialize, Serialize};

use super::{Total, garbled, outcome, wire_time};
use crate::channel::wechat::WeChat;
use crate::channel::{AppCall, Order, Outcome};

#[derive(Serialize)]
struct Request<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    amount: Total,
    payer: Payer<'a>,
}

#[derive(Serialize)]
struct Payer<'a> {
    openid: &'a str,
}

#[derive(Deserialize)]
struct Reply {
    prepay_id: String,
}

pub async fn open(account: &WeChat, order: &Order, openid: &str) -> Outcome<AppCall> {
    let request = Request {
        appid: &account.identity.app,
        mchid: &account.identity.merchant,
        description: &order.description,
        out_trade_no: order.number.as_str(),
        time_expire: wire_time(order.expire_at),
        notify_url: &account.notify_url,
        amount: Total::of(order.amount),
        payer: Payer { openid },
    };
    outcome(
        account
            .transport
            .post("/v3/pay/transactions/jsapi", &request)
            .await,
        |body| match serde_json::from_slice::<Reply>(body) {
            Ok(reply) if !reply.prepay_id.is_empty() => call(account, &reply.prepay_id),
            _ => garbled("jsapi"),
        },
    )
}

/// What the page hands to WeChat, signed.
fn call(account: &WeChat, prepay_id: &str) -> Outcome<AppCall> {
    let package = format!("prepay_id={prepay_id}");
    let timestamp = kernel::Clock::real().timestamp().to_string();
    let nonce = kernel::fresh_uuid().simple().to_string();
    let app = &account.identity.app;
    let Some(signature) = account.transport.sign_call(app, &timestamp, &nonce, &package) else {
        return Outcome::Unknown("the call cannot be signed".to_owned());
    };
    let parts = [
        ("appId", app.clone()),
        ("timeStamp", timestamp),
        ("nonceStr", nonce),
        ("package", package),
        ("signType", "RSA".to_owned()),
        ("paySign", signature),
    ];
    Outcome::Succeeded(AppCall(
        parts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    ))
}
