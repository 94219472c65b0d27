//! What a merchant may send, checked as strictly as the protocol allows: a
//! field it does not name, a length or a character it does not permit is refused.

mod abnormal;
mod codepay;

use chrono::DateTime;
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub use abnormal::{Application, Card};
pub use codepay::{CodeOrder, ReverseOrder};

use super::Product;

/// Why the channel says no: HTTP status, code, text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub fn param(message: impl Into<String>) -> Self {
        Self::new(400, "PARAM_ERROR", message)
    }
}

/// `POST /v3/pay/transactions/native`, and `…/jsapi`, which names the payer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    pub appid: String,
    pub mchid: String,
    pub description: String,
    pub out_trade_no: String,
    pub time_expire: Option<String>,
    pub attach: Option<String>,
    pub notify_url: String,
    pub goods_tag: Option<String>,
    pub support_fapiao: Option<bool>,
    pub amount: OrderAmount,
    pub detail: Option<Value>,
    pub scene_info: Option<Value>,
    pub settle_info: Option<Value>,
    pub payer: Option<Payer>,
}

/// Who pays: known by an id, or by the code on the phone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    pub openid: Option<String>,
    pub auth_code: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderAmount {
    pub total: i64,
    pub currency: Option<String>,
}

/// `POST …/close`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseOrder {
    pub mchid: String,
}

/// `POST /v3/refund/domestic/refunds`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    pub transaction_id: Option<String>,
    pub out_trade_no: Option<String>,
    pub out_refund_no: String,
    pub reason: Option<String>,
    pub notify_url: Option<String>,
    pub funds_account: Option<String>,
    pub amount: RefundAmount,
    pub goods_detail: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundAmount {
    pub refund: i64,
    pub total: i64,
    pub currency: String,
    pub from: Option<Value>,
}

/// Reads a body that must be JSON of exactly these fields.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::param(error.to_string()))
}

fn length(name: &str, text: &str, least: usize, most: usize) -> Result<(), Problem> {
    if (least..=most).contains(&text.chars().count()) {
        Ok(())
    } else {
        Err(Problem::param(format!(
            "{name} must have {least} to {most} characters"
        )))
    }
}

fn number(name: &str, text: &str, least: usize, most: usize, signs: &str) -> Result<(), Problem> {
    length(name, text, least, most)?;
    if text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
    {
        Ok(())
    } else {
        Err(Problem::param(format!(
            "{name} may hold letters, digits and {signs}"
        )))
    }
}

/// As the channel wants it; plain http passes to this very machine, where
/// nobody has a certificate that the channel would trust.
fn notify_url(url: &str, most: usize) -> Result<(), Problem> {
    length("notify_url", url, 1, most)?;
    let near = ["http://127.0.0.1:", "http://localhost:"]
        .iter()
        .any(|near| url.starts_with(near));
    if (near || url.starts_with("https://")) && !url.contains(['?', '#']) {
        Ok(())
    } else {
        Err(Problem::param("notify_url must be https without a query"))
    }
}

fn time(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let wrong = || {
        Problem::param(format!(
            "{name} must be RFC 3339 with an offset, in whole seconds"
        ))
    };
    if text.len() > 64 || text.contains('.') {
        return Err(wrong());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|t| t.to_utc())
        .map_err(|_| wrong())
}

impl NewOrder {
    pub fn check(&self, product: Product, now: Timestamp) -> Result<(), Problem> {
        let openid = self.payer.as_ref().and_then(|p| p.openid.as_deref());
        match (product, &self.payer) {
            (Product::Jsapi, _) => length("payer.openid", openid.unwrap_or_default(), 1, 128)?,
            (_, Some(_)) => return Err(Problem::param("payer is none of its fields")),
            _ => {}
        }
        length("appid", &self.appid, 1, 32)?;
        length("mchid", &self.mchid, 1, 32)?;
        length("description", &self.description, 1, 127)?;
        number("out_trade_no", &self.out_trade_no, 6, 32, "_-|*")?;
        notify_url(&self.notify_url, 255)?;
        length("attach", self.attach.as_deref().unwrap_or_default(), 0, 128)?;
        length("goods_tag", self.goods_tag.as_deref().unwrap_or_default(), 0, 32)?;
        if self.amount.total < 1 {
            return Err(Problem::param("amount.total must be at least 1 fen"));
        }
        if self.amount.currency.as_deref().is_some_and(|c| c != "CNY") {
            return Err(Problem::param("amount.currency must be CNY"));
        }
        if self.expires()?.is_some_and(|expires| expires <= now) {
            return Err(Problem::param("time_expire is over"));
        }
        Ok(())
    }

    pub fn expires(&self) -> Result<Option<Timestamp>, Problem> {
        self.time_expire
            .as_deref()
            .map(|text| time("time_expire", text))
            .transpose()
    }
}

impl NewRefund {
    pub fn check(&self) -> Result<(), Problem> {
        if self.transaction_id.is_some() == self.out_trade_no.is_some() {
            return Err(Problem::param(
                "one of transaction_id and out_trade_no must be given",
            ));
        }
        number("out_refund_no", &self.out_refund_no, 1, 64, "_-|*@")?;
        length("reason", self.reason.as_deref().unwrap_or_default(), 0, 80)?;
        if let Some(url) = &self.notify_url {
            notify_url(url, 256)?;
        }
        if self.amount.refund < 1 || self.amount.currency != "CNY" {
            return Err(Problem::param("amount.refund must be at least 1 fen of CNY"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;
    use serde_json::json;

    fn order() -> Value {
        json!({
            "appid": "wx8888888888888888", "mchid": "1900000001", "description": "年卡",
            "out_trade_no": "A23456", "notify_url": "https://pay.example.com/callbacks",
            "amount": { "total": 1, "currency": "CNY" },
        })
    }

    fn problem(change: impl FnOnce(&mut Value)) -> Option<Problem> {
        let mut value = order();
        change(&mut value);
        let body = value.to_string();
        read::<NewOrder>(body.as_bytes())
            .and_then(|order| order.check(Product::Native, Clock::real()))
            .err()
    }

    #[test]
    fn an_order_within_the_rules_passes() {
        assert_eq!(problem(|_| {}), None);
        assert_eq!(problem(|o| o["out_trade_no"] = json!("a_-|*9".repeat(5))), None);
        assert_eq!(
            problem(|o| o["time_expire"] = json!("2099-01-01T00:00:00+08:00")),
            None
        );
    }

    #[test]
    fn each_rule_of_an_order_is_enforced() {
        for (field, value) in [
            ("out_trade_no", json!("12345")),
            ("out_trade_no", json!("1".repeat(33))),
            ("out_trade_no", json!("order no 1")),
            ("description", json!("")),
            ("description", json!("长".repeat(128))),
            ("notify_url", json!("http://pay.example.com/callbacks")),
            ("notify_url", json!("https://pay.example.com/callbacks?a=1")),
            ("attach", json!("x".repeat(129))),
            ("amount", json!({ "total": 0 })),
            ("amount", json!({ "total": 1.5 })),
            ("amount", json!({ "total": 1, "currency": "USD" })),
            ("time_expire", json!("2099-01-01 00:00:00")),
            ("time_expire", json!("2001-01-01T00:00:00+08:00")),
            ("surprise", json!(1)),
        ] {
            assert!(problem(|o| o[field] = value.clone()).is_some(), "{field} {value}");
        }
    }

    #[test]
    fn a_page_names_the_payer_and_a_qr_does_not() {
        let check = |product, payer: Value| {
            let mut value = order();
            value["payer"] = payer;
            read::<NewOrder>(value.to_string().as_bytes())
                .unwrap()
                .check(product, Clock::real())
                .is_ok()
        };
        assert!(check(Product::Jsapi, json!({ "openid": "o-1" })));
        assert!(!check(Product::Jsapi, json!({})));
        assert!(!check(Product::Native, json!({ "openid": "o-1" })));
    }

    #[test]
    fn a_refund_names_its_payment_in_exactly_one_way() {
        let refund = |extra: Value| {
            let mut value =
                json!({ "out_refund_no": "R1@x", "amount": { "refund": 1, "total": 2, "currency": "CNY" } });
            value
                .as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            read::<NewRefund>(value.to_string().as_bytes()).unwrap().check()
        };
        assert!(refund(json!({ "transaction_id": "1" })).is_ok());
        assert!(refund(json!({})).is_err());
        assert!(refund(json!({ "transaction_id": "1", "out_trade_no": "A23456" })).is_err());
    }
}
