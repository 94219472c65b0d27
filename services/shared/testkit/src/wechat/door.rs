//! The merchant's door: every request's signature is checked before anything
//! else, every answer is signed.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::fields::{CloseOrder, NativeOrder, NewRefund, Problem, read};
use super::script::{Fails, Operation};
use super::sign::{Authorization, PROBE, SCHEME, answer_text, request_text};
use super::{Inner, lock, nonce};

/// How far the merchant's clock may be off, in seconds.
const WINDOW: i64 = 300;
/// Longer than any client waits.
const TIME_OUT: Duration = Duration::from_secs(30);

pub(super) fn routes(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/v3/{*path}", axum::routing::any(handle))
        .with_state(inner)
}

/// What is answered, before it is signed.
type Answer = Result<(StatusCode, Option<Value>), Problem>;

async fn handle(State(inner): State<Arc<Inner>>, parts: Parts, body: Bytes) -> Response {
    if let Err(problem) = inner.check(&parts, &body) {
        return inner.answer(Err(problem), None);
    }
    let segments: Vec<&str> = parts.uri.path().trim_start_matches("/v3/").split('/').collect();
    let query = parts.uri.query().unwrap_or_default();
    let (operation, number) = match name(parts.method.as_str(), &segments, &body) {
        Ok(named) => named,
        Err(problem) => return inner.answer(Err(problem), None),
    };
    let fault = inner.fault(operation, &number);
    if let Some(answer) = inner.undone(fault) {
        return answer;
    }
    let mut answer = inner.carry_out(operation, &segments, query, &body);
    // The first order of a script can only be told apart after it was made.
    let fault = fault.or_else(|| {
        if operation == Operation::Create {
            inner.fault(operation, &number)
        } else {
            None
        }
    });
    match fault {
        Some(Fails::DoneButTimeOut) => tokio::time::sleep(TIME_OUT).await,
        Some(Fails::DoneButSystemError) => answer = Err(system_error()),
        _ => {}
    }
    inner.answer(answer, fault)
}

fn system_error() -> Problem {
    Problem::new(500, "SYSTEM_ERROR", "try again later")
}

/// Which call this is, and the number of its order or refund.
fn name(method: &str, segments: &[&str], body: &[u8]) -> Result<(Operation, String), Problem> {
    match (method, segments) {
        ("POST", ["pay", "transactions", "native"]) => {
            read::<NativeOrder>(body).map(|order| (Operation::Create, order.out_trade_no))
        }
        ("GET", ["pay", "transactions", "out-trade-no" | "id", number]) => {
            Ok((Operation::Query, (*number).to_owned()))
        }
        ("POST", ["pay", "transactions", "out-trade-no", number, "close"]) => {
            Ok((Operation::Close, (*number).to_owned()))
        }
        ("POST", ["refund", "domestic", "refunds"]) => read::<NewRefund>(body).map(|r| {
            (
                Operation::Refund,
                r.out_trade_no.or(r.transaction_id).unwrap_or_default(),
            )
        }),
        ("GET", ["refund", "domestic", "refunds", number]) => {
            Ok((Operation::QueryRefund, (*number).to_owned()))
        }
        // In public-key mode there are no certificates to fetch.
        _ => Err(Problem::new(404, "RESOURCE_NOT_EXISTS", "no such resource")),
    }
}

impl Inner {
    /// What is answered instead of carrying a call out.
    fn undone(&self, fault: Option<Fails>) -> Option<Response> {
        match fault? {
            Fails::SystemError => Some(self.answer(Err(system_error()), None)),
            Fails::RateLimited => {
                Some(self.answer(Err(Problem::new(429, "FREQUENCY_LIMITED", "slow down")), None))
            }
            Fails::BadGateway => {
                let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
                Some((StatusCode::BAD_GATEWAY, page).into_response())
            }
            Fails::DoneButTimeOut | Fails::DoneButSystemError | Fails::BadSignature | Fails::SignTest => None,
        }
    }

    /// The request must be signed by the merchant over exactly these bytes.
    fn check(&self, parts: &Parts, body: &[u8]) -> Result<(), Problem> {
        let refuse = |why: &str| Problem::new(401, "SIGN_ERROR", why);
        let authorization =
            text(&parts.headers, "authorization").ok_or_else(|| refuse("no Authorization"))?;
        let said = Authorization::parse(authorization).map_err(|error| refuse(&error.to_string()))?;
        if said.mchid != self.config.mchid {
            return Err(Problem::new(400, "MCH_NOT_EXISTS", "no such merchant"));
        }
        if said.serial != self.config.merchant_serial {
            return Err(refuse("no certificate has this serial_no"));
        }
        let now = Self::now().timestamp();
        let at: i64 = said
            .timestamp
            .parse()
            .map_err(|_| refuse("timestamp must be Unix seconds"))?;
        if (now - at).abs() > WINDOW {
            return Err(refuse("timestamp is more than five minutes off"));
        }
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        let signed = request_text(parts.method.as_str(), path, &said.timestamp, &said.nonce, body);
        if !self.merchant.accepts(&signed, &said.signature) {
            return Err(refuse("the signature is not of this request"));
        }
        self.check_nonce(said.nonce, at, now).map_err(refuse)?;
        self.check_headers(&parts.headers, body)
    }

    /// A nonce is good for one request.
    fn check_nonce(&self, nonce: String, at: i64, now: i64) -> Result<(), &'static str> {
        let mut nonces = lock(&self.nonces);
        nonces.retain(|_, used| (now - *used).abs() <= 2 * WINDOW);
        if nonces.insert(nonce, at).is_some() {
            Err("nonce_str was used before")
        } else {
            Ok(())
        }
    }

    fn check_headers(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
        let accepts =
            text(headers, "accept").is_some_and(|a| a.contains("application/json") || a.contains("*/*"));
        if !accepts || text(headers, "user-agent").is_none() {
            return Err(Problem::param(
                "Accept: application/json and a User-Agent are required",
            ));
        }
        let json = text(headers, "content-type").is_some_and(|t| t.starts_with("application/json"));
        if !body.is_empty() && !json {
            return Err(Problem::param("Content-Type must be application/json"));
        }
        match text(headers, "wechatpay-serial") {
            Some(serial) if serial != self.config.platform_key_id => {
                Err(Problem::param("Wechatpay-Serial names no key of ours"))
            }
            _ => Ok(()),
        }
    }

    fn fault(&self, operation: Operation, number: &str) -> Option<Fails> {
        let mut truth = lock(&self.truth);
        let known = match operation {
            Operation::QueryRefund => truth.refunds.get(number).map(|r| r.out_trade_no.clone()),
            _ => truth
                .order(number)
                .or_else(|_| truth.order_by_transaction(number))
                .ok()
                .map(|o| o.asked.out_trade_no.clone()),
        };
        match known {
            Some(known) => truth
                .orders
                .get_mut(&known)
                .and_then(|order| order.script.fault(operation)),
            // An order that is not made yet obeys the script that waits for it.
            None if operation == Operation::Create => {
                let waiting = truth.scripts.front_mut()?;
                let next = waiting
                    .faults
                    .iter()
                    .find(|f| f.call == operation && f.times > 0)?;
                let undone = matches!(
                    next.how,
                    Fails::SystemError | Fails::RateLimited | Fails::BadGateway
                );
                if undone { waiting.fault(operation) } else { None }
            }
            None => None,
        }
    }

    fn carry_out(
        self: &Arc<Self>,
        operation: Operation,
        segments: &[&str],
        query: &str,
        body: &[u8],
    ) -> Answer {
        let number = segments.get(3).copied().unwrap_or_default();
        match operation {
            Operation::Create => self.create(body),
            Operation::Query => {
                self.own(query.strip_prefix("mchid=").unwrap_or_default())?;
                let truth = lock(&self.truth);
                let by_id = segments.get(2) == Some(&"id");
                let order = if by_id {
                    truth.order_by_transaction(number)?
                } else {
                    truth.order(number)?
                };
                Ok((StatusCode::OK, Some(order.object())))
            }
            Operation::Close => {
                self.own(&read::<CloseOrder>(body)?.mchid)?;
                lock(&self.truth).close(number)?;
                Ok((StatusCode::NO_CONTENT, None))
            }
            Operation::Refund => self.refund(body),
            Operation::QueryRefund => {
                let truth = lock(&self.truth);
                let refund = truth.refunds.get(number);
                let refund =
                    refund.ok_or_else(|| Problem::new(404, "RESOURCE_NOT_EXISTS", "no such refund"))?;
                Ok((StatusCode::OK, Some(refund.object())))
            }
        }
    }

    fn create(&self, body: &[u8]) -> Answer {
        let order: NativeOrder = read(body)?;
        self.own(&order.mchid)?;
        if order.appid != self.config.appid {
            return Err(Problem::new(
                400,
                "APPID_MCHID_NOT_MATCH",
                "appid is not bound to mchid",
            ));
        }
        order.check(Self::now())?;
        let code_url = lock(&self.truth).create(order, Self::now())?;
        Ok((StatusCode::OK, Some(json!({ "code_url": code_url }))))
    }

    fn refund(self: &Arc<Self>, body: &[u8]) -> Answer {
        let asked: NewRefund = read(body)?;
        asked.check()?;
        let (refund, script, is_new) = {
            let mut truth = lock(&self.truth);
            let known = truth.refunds.contains_key(&asked.out_refund_no);
            let refund = truth.refund(asked, Self::now())?;
            let script = truth.order(&refund.out_trade_no)?.script.clone();
            (refund, script, !known)
        };
        let object = refund.object();
        if is_new {
            self.clone().settle_refund(refund, script);
        }
        Ok((StatusCode::OK, Some(object)))
    }

    fn own(&self, mchid: &str) -> Result<(), Problem> {
        if mchid == self.config.mchid {
            Ok(())
        } else {
            Err(Problem::param("mchid is not the one that signed"))
        }
    }

    /// Signs what leaves, empty bodies and errors too.
    fn answer(&self, answer: Answer, fault: Option<Fails>) -> Response {
        let (status, body) = match answer {
            Ok((status, body)) => (status, body.map(|b| b.to_string()).unwrap_or_default()),
            Err(problem) => {
                tracing::info!(code = problem.code, why = problem.message, "refused");
                let body = json!({ "code": problem.code, "message": problem.message });
                (
                    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST),
                    body.to_string(),
                )
            }
        };
        let (timestamp, nonce) = (Self::now().timestamp().to_string(), nonce(32));
        let signed = match fault {
            Some(Fails::BadSignature) => b"something else".to_vec(),
            _ => answer_text(&timestamp, &nonce, body.as_bytes()),
        };
        let Ok(mut signature) = self.platform.sign(&signed) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        if fault == Some(Fails::SignTest) {
            signature = format!("{PROBE}{signature}");
        }
        let headers = [
            ("Wechatpay-Timestamp", timestamp),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Signature", signature),
            ("Wechatpay-Serial", self.config.platform_key_id.clone()),
            ("Wechatpay-Signature-Type", SCHEME.to_owned()),
            ("Request-ID", format!("{}-0", kernel::fresh_uuid().simple())),
        ];
        let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        (status, headers, kind, body).into_response()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
