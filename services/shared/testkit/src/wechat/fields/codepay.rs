//! What a merchant sends about a code that a payer shows.

use serde::Deserialize;
use serde_json::Value;

use super::{NewOrder, OrderAmount, Payer, Problem, length, number};

/// `POST /v3/pay/transactions/codepay`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeOrder {
    pub appid: String,
    pub mchid: String,
    pub description: String,
    pub out_trade_no: String,
    pub attach: Option<String>,
    pub goods_tag: Option<String>,
    pub support_fapiao: Option<bool>,
    pub payer: Payer,
    pub amount: OrderAmount,
    pub scene_info: Value,
}

/// `POST …/reverse`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReverseOrder {
    pub appid: String,
    pub mchid: String,
}

impl CodeOrder {
    pub fn check(&self) -> Result<(), Problem> {
        let code = self.payer.auth_code.as_deref().unwrap_or_default();
        if self.payer.openid.is_some() || code.len() != 18 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Problem::param("payer.auth_code must have 18 digits"));
        }
        length("description", &self.description, 1, 127)?;
        number("out_trade_no", &self.out_trade_no, 6, 32, "_-|*")?;
        length("attach", self.attach.as_deref().unwrap_or_default(), 0, 128)?;
        length("goods_tag", self.goods_tag.as_deref().unwrap_or_default(), 0, 32)?;
        if self.amount.total < 1 || self.amount.currency.as_deref().is_some_and(|c| c != "CNY") {
            return Err(Problem::param("amount must be at least 1 fen of CNY"));
        }
        let store = &self.scene_info["store_info"];
        if store["id"]
            .as_str()
            .or(store["out_id"].as_str())
            .is_none_or(str::is_empty)
        {
            return Err(Problem::param("scene_info.store_info must name the store"));
        }
        let device = self.scene_info["device_id"].as_str().unwrap_or_default();
        length("scene_info.device_id", device, 0, 32)
    }

    /// The order as the channel keeps it.
    pub fn kept(self) -> NewOrder {
        NewOrder {
            appid: self.appid,
            mchid: self.mchid,
            description: self.description,
            out_trade_no: self.out_trade_no,
            time_expire: None,
            attach: self.attach,
            notify_url: String::new(),
            goods_tag: self.goods_tag,
            support_fapiao: self.support_fapiao,
            amount: self.amount,
            detail: None,
            scene_info: Some(self.scene_info),
            settle_info: None,
            payer: Some(self.payer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::read;
    use super::*;

    fn problem(change: impl FnOnce(&mut Value)) -> Option<Problem> {
        let mut value = json!({
            "appid": "wx8888888888888888", "mchid": "1900000001", "description": "年卡", "out_trade_no": "A23456",
            "payer": { "auth_code": "130000000000000001" }, "amount": { "total": 1, "currency": "CNY" },
            "scene_info": { "device_id": "till-1", "store_info": { "out_id": "chaoyang" } },
        });
        change(&mut value);
        read::<CodeOrder>(value.to_string().as_bytes())
            .and_then(|order| order.check())
            .err()
    }

    #[test]
    fn each_rule_of_a_shown_code_is_enforced() {
        assert_eq!(problem(|_| {}), None);
        for (field, value) in [
            ("payer", json!({ "auth_code": "13000000000000001" })),
            ("payer", json!({ "auth_code": "13000000000000000x" })),
            ("payer", json!({ "openid": "o-1" })),
            ("scene_info", json!({ "device_id": "till-1" })),
            (
                "scene_info",
                json!({ "device_id": "x".repeat(33), "store_info": { "id": "1" } }),
            ),
            ("notify_url", json!("https://pay.example.com")),
            ("amount", json!({ "total": 0 })),
            ("out_trade_no", json!("12345")),
        ] {
            assert!(problem(|o| o[field] = value.clone()).is_some(), "{field} {value}");
        }
    }
}
