//! The merchant's door: every request's signature is checked before anything
//! else, and every answer of the gateway's is signed.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use chrono::TimeDelta;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::fields::{Problem, check_notify_url, time};
use super::script::{Fails, Operation};
use super::sign::{self, Pairs};
use super::{Inner, lock};

/// How far the merchant's clock may be off.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// Longer than any client waits.
const TIME_OUT: Duration = Duration::from_secs(30);
/// How long a bill's address is good.
const ADDRESS_LIFE: TimeDelta = TimeDelta::seconds(30);
/// Gives out certificates.
pub(super) const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
/// All that a request may carry.
const KNOWN: [&str; 13] = [
    "app_id",
    "method",
    "format",
    "charset",
    "sign_type",
    "sign",
    "timestamp",
    "version",
    "notify_url",
    "biz_content",
    "app_auth_token",
    "app_cert_sn",
    "alipay_root_cert_sn",
];

pub(super) fn routes(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/gateway.do", post(handle))
        .route("/bill/{token}", get(bill))
        .with_state(inner)
}

/// A request whose signature holds.
pub(super) struct Request {
    pub method: String,
    pub content: Vec<u8>,
    pub notify_url: Option<String>,
}

/// What is answered, before it is signed.
pub(super) type Answer = Result<Value, Problem>;

async fn handle(State(inner): State<Arc<Inner>>, parts: Parts, body: Bytes) -> Response {
    let request = match inner.check(&parts, &body) {
        Ok(request) => request,
        Err(problem) => return inner.answer("error_response", Err(problem), None),
    };
    let name = format!("{}_response", request.method.replace('.', "_"));
    let call = operation(&request.method).map(|call| (call, number_of(&request.content)));
    if let Some((Operation::Pay, number)) = &call {
        let content: Value = serde_json::from_slice(&request.content).unwrap_or_default();
        let code = content["auth_code"].as_str().unwrap_or_default();
        lock(&inner.truth).shown(code, number);
    }
    let mut fault = call
        .as_ref()
        .and_then(|(call, number)| inner.fault(*call, number));
    if let Some(answer) = fault.and_then(|fault| inner.undone(&name, fault)) {
        return answer;
    }
    let mut answer = inner.carry_out(&request);
    if request.method == DOWNLOAD {
        // what it gives out is proved by its own chain
        return Inner::reply(&name, &said(answer), "");
    }
    // the first call of an order obeys the script that the order takes only then
    if let (None, Some((call @ (Operation::Precreate | Operation::Pay), number))) = (fault, &call) {
        fault = inner.fault(*call, number);
    }
    match fault {
        Some(Fails::DoneButTimeOut) => tokio::time::sleep(TIME_OUT).await,
        Some(Fails::DoneButSystemError) => answer = Err(system_error()),
        _ => {}
    }
    inner.answer(&name, answer, fault)
}

fn system_error() -> Problem {
    Problem::business("ACQ.SYSTEM_ERROR", "try again")
}

pub(super) fn operation(method: &str) -> Option<Operation> {
    Some(match method {
        "alipay.trade.precreate" => Operation::Precreate,
        "alipay.trade.pay" => Operation::Pay,
        "alipay.trade.query" => Operation::Query,
        "alipay.trade.close" => Operation::Close,
        "alipay.trade.cancel" => Operation::Cancel,
        "alipay.trade.refund" => Operation::Refund,
        "alipay.trade.fastpay.refund.query" => Operation::QueryRefund,
        _ => return None,
    })
}

fn number_of(content: &[u8]) -> String {
    let value: Value = serde_json::from_slice(content).unwrap_or_default();
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    text("out_trade_no")
        .or_else(|| text("trade_no"))
        .unwrap_or_default()
}

/// A bill lies at its address for a moment, signed by nobody.
async fn bill(State(inner): State<Arc<Inner>>, Path(token): Path<String>) -> Response {
    let found = lock(&inner.truth).downloads.get(&token).cloned();
    match found {
        Some((given, archive)) if Inner::now() <= given + ADDRESS_LIFE => {
            ([(header::CONTENT_TYPE, "application/zip")], archive).into_response()
        }
        _ => (StatusCode::FORBIDDEN, "the address is no longer good").into_response(),
    }
}

impl Inner {
    /// The request must be signed by the application, over exactly these fields.
    fn check(&self, parts: &Parts, body: &[u8]) -> Result<Request, Problem> {
        let refuse = |word, why: &str| Problem::new("40002", word, why);
        let form = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body = std::str::from_utf8(body).ok().filter(|_| form);
        let fields = body.and_then(|body| sign::pairs(body).ok());
        let fields = fields.ok_or_else(|| refuse("isv.invalid-parameter", "no form"))?;
        if let Some((name, _)) = fields.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
            return Err(refuse("isv.invalid-parameter", &format!("{name} is no field")));
        }
        let text = |name: &str| text(&fields, name);
        if text("app_id") != self.config.app_id {
            return Err(refuse("isv.invalid-app-id", "no such application"));
        }
        if text("sign_type") != "RSA2" {
            return Err(refuse("isv.invalid-signature-type", "sign_type must be RSA2"));
        }
        if !self.app.accepts(&sign::text(&fields, &["sign"]), &text("sign")) {
            return Err(refuse(
                "isv.invalid-signature",
                "the signature is not of these fields",
            ));
        }
        lock(&self.keys).check(&text("app_cert_sn"), &text("alipay_root_cert_sn"))?;
        Self::check_rest(&fields, parts.uri.query().unwrap_or_default())?;
        Ok(Request {
            method: text("method"),
            content: text("biz_content").into_bytes(),
            notify_url: Some(text("notify_url")).filter(|url| !url.is_empty()),
        })
    }

    fn check_rest(fields: &Pairs, query: &str) -> Result<(), Problem> {
        let refuse = |word, why: &str| Err(Problem::new("40002", word, why));
        let text = |name: &str| text(fields, name);
        if text("charset") != "utf-8" || query != "charset=utf-8" {
            return refuse("isv.invalid-charset", "charset must be utf-8, in the address too");
        }
        if text("version") != "1.0" || !matches!(text("format").as_str(), "" | "JSON") {
            return refuse("isv.invalid-format", "version must be 1.0 and format JSON");
        }
        let at = time(&text("timestamp"));
        if !at.is_ok_and(|at| (Self::now() - at).abs() <= WINDOW) {
            return refuse("isv.invalid-timestamp", "timestamp must be now, in China's time");
        }
        match text("notify_url").as_str() {
            "" => Ok(()),
            url => check_notify_url(url),
        }
    }

    fn fault(&self, call: Operation, number: &str) -> Option<Fails> {
        let mut truth = lock(&self.truth);
        if let Ok(number) = truth.find(number) {
            return truth.order_mut(&number).ok()?.script.fault(call);
        }
        // an order that is not made yet obeys the script that waits for it, in
        // what is not carried out
        let next = truth.waiting(number)?;
        let first = next.faults.iter().find(|f| f.call == call && f.times > 0)?;
        if matches!(call, Operation::Precreate | Operation::Pay) && !first.how.is_carried_out() {
            next.fault(call)
        } else {
            None
        }
    }

    /// What is answered instead of carrying a call out.
    fn undone(&self, name: &str, fault: Fails) -> Option<Response> {
        let problem = match fault {
            Fails::SystemError => system_error(),
            Fails::Unavailable => Problem::new("20000", "isp.unknow-error", "try again"),
            Fails::RateLimited => Problem::new("40005", "isv.app-call-limited", "slow down"),
            Fails::TurnedAway => Problem::new("40002", "isv.invalid-signature", "the key was changed"),
            Fails::BadGateway => {
                let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
                return Some((StatusCode::BAD_GATEWAY, page).into_response());
            }
            _ => return None,
        };
        Some(self.answer(name, Err(problem), None))
    }

    /// Signs what leaves, over the very text that leaves.
    fn answer(&self, name: &str, answer: Answer, fault: Option<Fails>) -> Response {
        let said = said(answer);
        let signed = if fault == Some(Fails::BadSignature) {
            "something else"
        } else {
            &said
        };
        let keys = lock(&self.keys);
        let Ok(signature) = keys.sign(signed.as_bytes()) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let named = |certificate: &str| format!(",\"alipay_cert_sn\":\"{certificate}\"");
        let more = match fault {
            Some(Fails::Unsigned) => String::new(),
            Some(Fails::UnknownCertificate) => {
                format!("{},\"sign\":\"{signature}x\"", named(&"0".repeat(32)))
            }
            _ => {
                let certificate = keys.name().map(named).unwrap_or_default();
                format!("{certificate},\"sign\":\"{signature}\"")
            }
        };
        Self::reply(name, &said, &more)
    }

    fn reply(name: &str, said: &str, more: &str) -> Response {
        let kind = [(header::CONTENT_TYPE, "text/html;charset=utf-8")];
        (kind, format!("{{\"{name}\":{said}{more}}}")).into_response()
    }
}

/// What is answered, as text.
fn said(answer: Answer) -> String {
    let said = match answer {
        Ok(mut said) => {
            said["code"] = said.get("code").cloned().unwrap_or(json!("10000"));
            said["msg"] = json!("Success");
            said
        }
        Err(problem) => {
            tracing::info!(word = problem.word, why = problem.message, "refused");
            let Problem { code, word, message } = problem;
            json!({ "code": code, "msg": "Business Failed", "sub_code": word, "sub_msg": message })
        }
    };
    // the channel writes slashes so
    said.to_string().replace('/', "\\/")
}

fn text(fields: &Pairs, name: &str) -> String {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| {
        String::from_utf8_lossy(value).into_owned()
    })
}
