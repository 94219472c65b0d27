//! Orders and refunds as the channel writes them in answers and callbacks.

use chrono::FixedOffset;
use kernel::Timestamp;
use serde_json::{Value, json};

use super::truth::{Order, Refund, TradeState};

impl Order {
    /// The order as queries and callbacks show it.
    pub fn object(&self) -> Value {
        let total = self.asked.amount.total + self.script.amount_off_by;
        let mut object = json!({
            "appid": self.asked.appid,
            "mchid": self.asked.mchid,
            "out_trade_no": self.asked.out_trade_no,
            "trade_state": self.state,
            "trade_state_desc": describe(self.state),
            "attach": self.asked.attach.clone().unwrap_or_default(),
            "amount": { "total": total, "currency": "CNY" },
        });
        if let (Some(payment), Some(fields)) = (&self.payment, object.as_object_mut()) {
            fields.insert("transaction_id".to_owned(), json!(payment.transaction_id));
            fields.insert("trade_type".to_owned(), json!(self.product.trade_type()));
            fields.insert("bank_type".to_owned(), json!("OTHERS"));
            fields.insert("success_time".to_owned(), json!(rfc3339(payment.at)));
            fields.insert("payer".to_owned(), json!({ "openid": payment.openid }));
            let amount =
                json!({ "total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY" });
            fields.insert("amount".to_owned(), amount);
        }
        object
    }

    /// The order as people and tests look at it.
    pub fn summary(&self) -> Value {
        json!({
            "out_trade_no": self.asked.out_trade_no,
            "description": self.asked.description,
            "code_url": self.code_url,
            "trade_state": self.state,
            "amount_minor": self.asked.amount.total,
            "notify_url": self.asked.notify_url,
            "transaction_id": self.payment.as_ref().map(|p| p.transaction_id.clone()),
            "expires": self.expires.map(rfc3339),
        })
    }
}

impl Refund {
    /// The refund as the refund calls show it.
    pub fn object(&self) -> Value {
        let mut object = json!({
            "refund_id": self.refund_id,
            "out_refund_no": self.asked.out_refund_no,
            "transaction_id": self.transaction_id,
            "out_trade_no": self.out_trade_no,
            "channel": if self.elsewhere.is_some() { "OTHER_BANKCARD" } else { "ORIGINAL" },
            "user_received_account": "支付用户零钱",
            "create_time": rfc3339(self.created_at),
            "status": self.status,
            "funds_account": "AVAILABLE",
            "amount": {
                "total": self.asked.amount.total, "refund": self.asked.amount.refund, "currency": "CNY",
                "payer_total": self.asked.amount.total, "payer_refund": self.asked.amount.refund,
                "settlement_total": self.asked.amount.total, "settlement_refund": self.asked.amount.refund,
                "discount_refund": 0,
            },
        });
        if let (Some(at), Some(fields)) = (self.ended_at, object.as_object_mut()) {
            fields.insert("success_time".to_owned(), json!(rfc3339(at)));
        }
        object
    }

    /// The refund as callbacks show it.
    pub fn notice(&self, mchid: &str) -> Value {
        json!({
            "mchid": mchid,
            "transaction_id": self.transaction_id,
            "out_trade_no": self.out_trade_no,
            "refund_id": self.refund_id,
            "out_refund_no": self.asked.out_refund_no,
            "refund_status": self.status,
            "success_time": rfc3339(self.ended_at.unwrap_or(self.created_at)),
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": self.asked.amount.total, "refund": self.asked.amount.refund,
                "payer_total": self.asked.amount.total, "payer_refund": self.asked.amount.refund,
            },
        })
    }
}

fn describe(state: TradeState) -> &'static str {
    match state {
        TradeState::Notpay => "订单未支付",
        TradeState::Success => "支付成功",
        TradeState::Refund => "订单发生过退款",
        TradeState::Closed => "订单已关闭",
        TradeState::Userpaying => "用户支付中",
        TradeState::Revoked => "订单已撤销",
        TradeState::Payerror => "支付失败",
    }
}

/// The offset of all of the channel's times.
pub(super) fn beijing() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).unwrap_or_else(|| panic!("eight hours are an offset"))
}

/// As the channel writes times: in Beijing's offset, in whole seconds.
pub(super) fn rfc3339(at: Timestamp) -> String {
    at.with_timezone(&beijing())
        .format("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}
