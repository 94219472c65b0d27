//! What a merchant may send, checked as strictly as the protocol allows: a
//! field it does not name, a length or a character it does not permit is refused.

use chrono::{FixedOffset, NaiveDateTime, TimeZone as _};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the channel writes times, in China's zone.
const TIME: &str = "%Y-%m-%d %H:%M:%S";

/// Why the channel says no: code, word, text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: &'static str,
    pub word: &'static str,
    pub message: String,
}

impl Problem {
    pub fn new(code: &'static str, word: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            word,
            message: message.into(),
        }
    }

    /// The business refuses.
    pub fn business(word: &'static str, message: impl Into<String>) -> Self {
        Self::new("40004", word, message)
    }

    pub fn param(message: impl Into<String>) -> Self {
        Self::business("ACQ.INVALID_PARAMETER", message)
    }

    pub fn no_trade() -> Self {
        Self::business("ACQ.TRADE_NOT_EXIST", "no such trade")
    }
}

/// `alipay.trade.precreate` and `alipay.trade.pay`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTrade {
    pub out_trade_no: String,
    pub total_amount: String,
    pub subject: String,
    pub product_code: Option<String>,
    pub scene: Option<String>,
    pub auth_code: Option<String>,
    pub seller_id: Option<String>,
    pub body: Option<String>,
    pub store_id: Option<String>,
    pub operator_id: Option<String>,
    pub terminal_id: Option<String>,
    pub passback_params: Option<String>,
    pub goods_detail: Option<Value>,
    pub time_expire: Option<String>,
    pub timeout_express: Option<String>,
    pub qr_code_timeout_express: Option<String>,
}

/// Which trade a call is about.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    pub out_trade_no: Option<String>,
    pub trade_no: Option<String>,
    pub query_options: Option<Vec<String>>,
    pub operator_id: Option<String>,
    /// Of a refund that is asked about.
    pub out_request_no: Option<String>,
}

/// `alipay.trade.refund`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    pub out_trade_no: Option<String>,
    pub trade_no: Option<String>,
    pub refund_amount: String,
    pub out_request_no: Option<String>,
    pub refund_reason: Option<String>,
    pub operator_id: Option<String>,
    pub store_id: Option<String>,
    pub terminal_id: Option<String>,
}

/// `alipay.data.dataservice.bill.downloadurl.query`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BillAsked {
    pub bill_type: String,
    pub bill_date: String,
}

/// `alipay.open.app.alipaycert.download`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateAsked {
    pub alipay_cert_sn: String,
}

/// Reads `biz_content`, which must be JSON of exactly these fields.
pub fn read<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(content).map_err(|error| Problem::param(error.to_string()))
}

/// An amount in fen: two decimals, a cent to a hundred million.
pub fn fen(text: &str) -> Result<i64, Problem> {
    let wrong = || Problem::param(format!("{text} is no amount"));
    let (yuan, cents) = text.split_once('.').ok_or_else(wrong)?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(yuan) || !digits(cents) || cents.len() != 2 || (yuan.len() > 1 && yuan.starts_with('0')) {
        return Err(wrong());
    }
    let fen: i64 = format!("{yuan}{cents}").parse().map_err(|_| wrong())?;
    if (1..=10_000_000_000).contains(&fen) {
        Ok(fen)
    } else {
        Err(wrong())
    }
}

pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

/// The offset of all of the channel's times.
pub fn beijing() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).unwrap_or_else(|| panic!("eight hours are an offset"))
}

pub fn written(at: Timestamp) -> String {
    at.with_timezone(&beijing()).format(TIME).to_string()
}

pub fn time(text: &str) -> Result<Timestamp, Problem> {
    let wrong = || Problem::param(format!("{text} is no time"));
    let local = NaiveDateTime::parse_from_str(text, TIME).map_err(|_| wrong())?;
    if local.format(TIME).to_string() != text {
        return Err(wrong());
    }
    let at = beijing().from_local_datetime(&local).single();
    at.map(|at| at.to_utc()).ok_or_else(wrong)
}

fn length(name: &str, text: &str, most: usize) -> Result<(), Problem> {
    if (1..=most).contains(&text.chars().count()) {
        Ok(())
    } else {
        Err(Problem::param(format!("{name} must have 1 to {most} characters")))
    }
}

pub fn number(name: &str, text: &str) -> Result<(), Problem> {
    length(name, text, 64)?;
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        Ok(())
    } else {
        Err(Problem::param(format!("{name} may hold letters, digits and _")))
    }
}

impl NewTrade {
    pub fn check(&self, now: Timestamp) -> Result<(), Problem> {
        number("out_trade_no", &self.out_trade_no)?;
        fen(&self.total_amount)?;
        length("subject", &self.subject, 256)?;
        if self.subject.contains(['/', '=', '&']) {
            return Err(Problem::param("subject may not hold / = &"));
        }
        let known = ["FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE"];
        if self
            .product_code
            .as_deref()
            .is_some_and(|code| !known.contains(&code))
        {
            return Err(Problem::param("no such product_code"));
        }
        for (name, text) in [("store_id", &self.store_id), ("terminal_id", &self.terminal_id)] {
            text.as_deref().map_or(Ok(()), |text| length(name, text, 32))?;
        }
        if self.time_expire.is_some() && self.timeout_express.is_some() {
            return Err(Problem::param("give time_expire or timeout_express"));
        }
        match &self.time_expire {
            Some(text) if time(text)? <= now => Err(Problem::param("time_expire has passed")),
            _ => Ok(()),
        }
    }

    /// 16 to 24 digits that begin with 25 to 30.
    pub fn check_code(&self) -> Result<&str, Problem> {
        if self.scene.as_deref() != Some("bar_code") {
            return Err(Problem::param("scene must be bar_code"));
        }
        let code = self.auth_code.as_deref().unwrap_or_default();
        let begins = ["25", "26", "27", "28", "29", "30"]
            .iter()
            .any(|two| code.starts_with(two));
        if begins && (16..=24).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) {
            Ok(code)
        } else {
            Err(Problem::business(
                "ACQ.PAYMENT_AUTH_CODE_INVALID",
                "no payer has that code",
            ))
        }
    }
}

impl NewRefund {
    pub fn check(&self) -> Result<(), Problem> {
        fen(&self.refund_amount)?;
        number(
            "out_request_no",
            self.out_request_no.as_deref().unwrap_or("whole"),
        )?;
        self.refund_reason
            .as_deref()
            .map_or(Ok(()), |reason| length("refund_reason", reason, 256))
    }
}

/// As the channel wants it; plain http passes to this very machine, where
/// nobody has a certificate that the channel would trust.
pub fn check_notify_url(url: &str) -> Result<(), Problem> {
    length("notify_url", url, 256)?;
    let near = ["http://127.0.0.1:", "http://localhost:"]
        .iter()
        .any(|near| url.starts_with(near));
    if url.starts_with("https://") || near {
        Ok(())
    } else {
        Err(Problem::param("notify_url must be an https address"))
    }
}
