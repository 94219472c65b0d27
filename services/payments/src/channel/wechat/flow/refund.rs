//! Refunds. A success of the request says accepted; `status` says done.

use serde::{Deserialize, Serialize};

use super::{garbled, outcome, read_time, told};
use crate::channel::wechat::WeChat;
use crate::channel::{Failure, Outcome, RefundOrder, Returned};

#[derive(Serialize)]
struct Request<'a> {
    out_trade_no: &'a str,
    out_refund_no: &'a str,
    reason: &'a str,
    notify_url: &'a str,
    amount: RefundAmount,
}

#[derive(Serialize)]
struct RefundAmount {
    refund: i64,
    total: i64,
    currency: &'static str,
}

#[derive(Deserialize)]
struct Reply {
    refund_id: String,
    out_refund_no: String,
    status: String,
    #[serde(default)]
    success_time: Option<String>,
    amount: StatedAmount,
}

#[derive(Deserialize)]
struct StatedAmount {
    refund: i64,
}

pub async fn submit(account: &WeChat, refund: &RefundOrder) -> Outcome<Returned> {
    let request = Request {
        out_trade_no: refund.payment.as_str(),
        out_refund_no: refund.number.as_str(),
        reason: &refund.reason,
        notify_url: &account.notify_url,
        amount: RefundAmount {
            refund: refund.amount.minor(),
            total: refund.total.minor(),
            currency: kernel::CURRENCY,
        },
    };
    let answer = account
        .transport
        .post("/v3/refund/domestic/refunds", &request)
        .await;
    outcome(answer, |body| read(body, refund))
}

pub async fn query(account: &WeChat, refund: &RefundOrder) -> Outcome<Returned> {
    let target = format!("/v3/refund/domestic/refunds/{}", refund.number);
    told(account.transport.get(&target).await, |body| read(body, refund))
}

/// The channel's number of a refund that hangs there; what else is known otherwise.
pub async fn hanging(account: &WeChat, refund: &RefundOrder) -> Result<String, Outcome<Returned>> {
    let target = format!("/v3/refund/domestic/refunds/{}", refund.number);
    let mut id = None;
    let known = told(account.transport.get(&target).await, |body| {
        id = serde_json::from_slice::<Reply>(body).ok().map(|r| r.refund_id);
        read(body, refund)
    });
    match (known, id) {
        (Outcome::NeedsPerson(_), Some(id)) => Ok(id),
        (known, _) => Err(known),
    }
}

pub fn read(body: &[u8], refund: &RefundOrder) -> Outcome<Returned> {
    let Ok(reply) = serde_json::from_slice::<Reply>(body) else {
        return garbled("refund");
    };
    if reply.out_refund_no != refund.number.as_str() || reply.amount.refund != refund.amount.minor() {
        return garbled("another refund");
    }
    match reply.status.as_str() {
        "SUCCESS" => Outcome::Succeeded(Returned {
            channel_refund: reply.refund_id,
            returned_at: reply.success_time.as_deref().and_then(read_time),
        }),
        "PROCESSING" => Outcome::Pending,
        "CLOSED" => Outcome::Failed(Failure::closed(reply.status)),
        // the merchant may still settle it there: no second refund in its place
        "ABNORMAL" => Outcome::NeedsPerson(reply.status),
        other => Outcome::Unknown(format!("refund status {other}")),
    }
}
