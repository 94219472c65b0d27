//! The merchant's door: every request's signature is checked before anything
//! else, every answer is signed.

mod answer;
mod calls;
mod moments;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use http::request::Parts;

use super::fields::{CodeOrder, NewOrder, NewRefund, Problem, read};
use super::script::{Fails, Operation};
use super::sign::{Authorization, request_text};
use super::{Inner, lock};
use calls::Call;

/// How far the merchant's clock may be off, in seconds.
const WINDOW: i64 = 300;
/// Longer than any client waits.
const TIME_OUT: Duration = Duration::from_secs(30);

pub(super) fn routes(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/v3/{*path}", axum::routing::any(handle))
        .with_state(inner)
}

async fn handle(State(inner): State<Arc<Inner>>, parts: Parts, body: Bytes) -> Response {
    let wanted = text(&parts.headers, "wechatpay-serial");
    if let Err(problem) = inner.check(&parts, &body) {
        return inner.answer(Err(problem), None, wanted);
    }
    let segments: Vec<&str> = parts.uri.path().trim_start_matches("/v3/").split('/').collect();
    let (operation, number) = match name(parts.method.as_str(), &segments, &body) {
        Ok(named) => named,
        Err(problem) => return inner.answer(Err(problem), None, wanted),
    };
    if operation == Operation::Charge
        && let Ok(CodeOrder { payer, .. }) = read(&body)
    {
        lock(&inner.truth).shown(&payer.auth_code.unwrap_or_default(), &number);
    }
    let fault = inner.fault(operation, &number);
    if let Some(answer) = inner.undone(fault, wanted) {
        return answer;
    }
    let call = Call {
        operation,
        segments: &segments,
        query: parts.uri.query().unwrap_or_default(),
        body: &body,
        host: text(&parts.headers, "host").unwrap_or("localhost"),
        wanted,
    };
    if operation == Operation::Download {
        return inner.download(&call, fault).await;
    }
    let mut answer = inner.acted_upon(&call, &number).await;
    // The first order of a script can only be told apart after it was made.
    let fault = fault.or_else(|| {
        operation
            .makes_orders()
            .then(|| inner.fault(operation, &number))
            .flatten()
    });
    match fault {
        Some(Fails::DoneButTimeOut) => tokio::time::sleep(TIME_OUT).await,
        Some(Fails::DoneButSystemError) => answer = Err(system_error()),
        _ => {}
    }
    inner.answer(answer, fault, wanted)
}

fn system_error() -> Problem {
    Problem::new(500, "SYSTEM_ERROR", "try again later")
}

/// Which call this is, and the number of its order or refund.
fn name(method: &str, segments: &[&str], body: &[u8]) -> Result<(Operation, String), Problem> {
    let number = |operation, number: &str| Ok((operation, number.to_owned()));
    match (method, segments) {
        ("POST", ["pay", "transactions", "native" | "jsapi"]) => {
            read::<NewOrder>(body).map(|order| (Operation::Create, order.out_trade_no))
        }
        ("POST", ["pay", "transactions", "codepay"]) => {
            read::<CodeOrder>(body).map(|order| (Operation::Charge, order.out_trade_no))
        }
        ("GET", ["pay", "transactions", "out-trade-no" | "id", of]) => number(Operation::Query, of),
        ("POST", ["pay", "transactions", "out-trade-no", of, "close"]) => number(Operation::Close, of),
        ("POST", ["pay", "transactions", "out-trade-no", of, "reverse"]) => number(Operation::Reverse, of),
        ("POST", ["refund", "domestic", "refunds"]) => read::<NewRefund>(body).map(|r| {
            (
                Operation::Refund,
                r.out_trade_no.or(r.transaction_id).unwrap_or_default(),
            )
        }),
        ("POST", ["refund", "domestic", "refunds", of, "apply-abnormal-refund"]) => {
            number(Operation::Apply, of)
        }
        ("GET", ["refund", "domestic", "refunds", of]) => number(Operation::QueryRefund, of),
        ("GET", ["certificates"]) => number(Operation::Certificates, ""),
        ("GET", ["bill", "tradebill" | "fundflowbill"]) => number(Operation::Bill, ""),
        ("GET", ["billdownload", "file"]) => number(Operation::Download, ""),
        _ => Err(Problem::new(404, "RESOURCE_NOT_EXISTS", "no such resource")),
    }
}

impl Inner {
    /// The request must be signed by the merchant over exactly these bytes.
    fn check(&self, parts: &Parts, body: &[u8]) -> Result<(), Problem> {
        let refuse = |why: &str| Problem::new(401, "SIGN_ERROR", why);
        let authorization =
            text(&parts.headers, "authorization").ok_or_else(|| refuse("no Authorization"))?;
        let said = Authorization::parse(authorization).map_err(|error| refuse(&error.to_string()))?;
        if said.mchid != self.config.mchid {
            return Err(Problem::new(400, "MCH_NOT_EXISTS", "no such merchant"));
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
        match lock(&self.keyring).merchant_key(&said.serial) {
            None => return Err(refuse("no certificate has this serial_no")),
            Some(key) if !key.accepts(&signed, &said.signature) => {
                return Err(refuse("the signature is not of this request"));
            }
            Some(_) => {}
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
            Some(serial) if lock(&self.keyring).named(serial).is_none() => {
                Err(Problem::param("Wechatpay-Serial names no key of ours"))
            }
            _ => Ok(()),
        }
    }

    /// The accident that this call shall have, counted off.
    fn fault(&self, operation: Operation, number: &str) -> Option<Fails> {
        let mut truth = lock(&self.truth);
        if let Some(fault) = truth
            .faults
            .iter_mut()
            .find(|f| f.call == operation && f.times > 0)
        {
            fault.times -= 1;
            return Some(fault.how);
        }
        let of_refund = |r: &super::truth::Refund| r.out_trade_no.clone();
        let known = match operation {
            Operation::QueryRefund => truth.refunds.get(number).map(of_refund),
            Operation::Apply => truth
                .refunds
                .values()
                .find(|r| r.refund_id == number)
                .map(of_refund),
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
            None if operation.makes_orders() => {
                let waiting = truth.waiting(number)?;
                let next = waiting
                    .faults
                    .iter()
                    .find(|f| f.call == operation && f.times > 0)?;
                if next.how.is_undone() {
                    waiting.fault(operation)
                } else {
                    None
                }
            }
            None => None,
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
