//! Codepay: the payer shows a code that we scan. No callback tells of it.

use serde::Serialize;

use super::{Total, doubtful, outcome, transaction};
use crate::channel::wechat::{WeChat, verdict};
use crate::channel::{ChannelNumber, Counter, Order, Outcome, Paid, PayerCode};

/// The most characters of a device's name.
const LONGEST_DEVICE: usize = 32;

#[derive(Serialize)]
struct Request<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    payer: Payer<'a>,
    amount: Total,
    scene_info: Scene,
}

#[derive(Serialize)]
struct Payer<'a> {
    auth_code: &'a str,
}

#[derive(Serialize)]
struct Scene {
    device_id: String,
    store_info: Store,
}

#[derive(Serialize)]
struct Store {
    out_id: String,
}

pub async fn charge(account: &WeChat, order: &Order, code: &PayerCode, counter: &Counter) -> Outcome<Paid> {
    let request = Request {
        appid: &account.identity.app,
        mchid: &account.identity.merchant,
        description: &order.description,
        out_trade_no: order.number.as_str(),
        payer: Payer {
            auth_code: code.expose(),
        },
        amount: Total::of(order.amount),
        scene_info: Scene {
            device_id: counter.device.chars().take(LONGEST_DEVICE).collect(),
            store_info: Store {
                out_id: counter.studio.0.simple().to_string(),
            },
        },
    };
    let answer = account
        .transport
        .post("/v3/pay/transactions/codepay", &request)
        .await;
    match answer {
        Ok(answer) if answer.status == 200 => transaction::state(&answer.body, &order.number),
        Ok(answer) => verdict::of_charge(&answer),
        Err(doubt) => doubtful(&doubt),
    }
}

#[derive(Serialize)]
struct Reverse<'a> {
    appid: &'a str,
    mchid: &'a str,
}

pub async fn reverse(account: &WeChat, number: &ChannelNumber) -> Outcome<()> {
    let target = format!("/v3/pay/transactions/out-trade-no/{number}/reverse");
    let request = Reverse {
        appid: &account.identity.app,
        mchid: &account.identity.merchant,
    };
    outcome(account.transport.post(&target, &request).await, |_| {
        Outcome::Succeeded(())
    })
}
