//! The door for people and tests: pay, refuse, look, and script accidents.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::NaiveDate;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bill::{BillKind, BillScript};
use super::fields::Problem;
use super::script::{Fault, Script};
use super::{Inner, lock, truth};
use crate::phone;

pub(super) fn routes(inner: Arc<Inner>) -> Router {
    Router::new()
        .merge(phone::routes("wechat"))
        .route("/control/health", get(|| async { "ok" }))
        .route("/control/scan", post(scan))
        .route("/control/pay", post(pay))
        .route("/control/refuse", post(refuse))
        .route("/control/script", post(script))
        .route("/control/faults", post(fault))
        .route("/control/bills", post(bill))
        .route("/control/routes", post(route))
        .route("/control/keys", post(keys))
        .route("/control/orders", get(orders))
        .route("/control/orders/{number}", get(order))
        .route("/control/refunds", get(refunds))
        .route("/control/callbacks", get(callbacks))
        .route("/control/reset", post(reset))
        .with_state(inner)
}

type Shared = State<Arc<Inner>>;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (
            status,
            Json(json!({ "code": self.code, "message": self.message })),
        )
            .into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    code_url: Option<String>,
    out_trade_no: Option<String>,
    openid: Option<String>,
    /// Pay although the order was closed or has expired.
    #[serde(default)]
    late: bool,
}

impl Which {
    fn name(&self) -> Result<&str, Problem> {
        let name = self.code_url.as_deref().or(self.out_trade_no.as_deref());
        name.ok_or_else(|| Problem::param("give code_url or out_trade_no"))
    }
}

/// What the payer is shown before paying.
async fn scan(State(inner): Shared, Json(which): Json<Which>) -> Result<Json<Value>, Problem> {
    let truth = lock(&inner.truth);
    let number = truth.find(which.name()?)?;
    Ok(Json(truth.order(&number)?.summary()))
}

async fn pay(State(inner): Shared, Json(which): Json<Which>) -> Result<Json<Value>, Problem> {
    let number = lock(&inner.truth).find(which.name()?)?;
    inner.pay(
        which.name()?,
        which.openid.as_deref().unwrap_or("o-somebody"),
        which.late,
    )?;
    Ok(Json(json!({ "out_trade_no": number, "paid": true })))
}

/// A payer who looks and does not pay leaves no trace at the channel, except who
/// was asked to agree.
async fn refuse(State(inner): Shared, Json(which): Json<Which>) -> Result<Json<Value>, Problem> {
    let number = lock(&inner.truth).find(which.name()?)?;
    lock(&inner.truth).decline(&number);
    Ok(Json(json!({ "out_trade_no": number, "paid": false })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scripting {
    /// The order; none means the next that is made.
    out_trade_no: Option<String>,
    script: Script,
}

async fn script(State(inner): Shared, Json(asked): Json<Scripting>) -> Result<Json<Value>, Problem> {
    let mut truth = lock(&inner.truth);
    match asked.out_trade_no {
        None => truth.scripts.push_back(asked.script),
        Some(number) => {
            truth.order(&number)?;
            if let Some(order) = truth.orders.get_mut(&number) {
                order.script = asked.script;
            }
        }
    }
    Ok(Json(json!({})))
}

async fn fault(State(inner): Shared, Json(fault): Json<Fault>) -> Json<Value> {
    lock(&inner.truth).faults.push(fault);
    Json(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Billing {
    day: NaiveDate,
    kind: BillKind,
    script: BillScript,
}

async fn bill(State(inner): Shared, Json(asked): Json<Billing>) -> Json<Value> {
    lock(&inner.bills)
        .scripts
        .insert((asked.day, asked.kind), asked.script);
    Json(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    from: String,
    to: String,
}

async fn route(State(inner): Shared, Json(route): Json<Route>) -> Json<Value> {
    lock(&inner.routes).push((route.from, route.to));
    Json(json!({}))
}

/// What becomes of the keys on both sides.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Keys {
    /// A platform certificate is listed, and not yet used.
    Issue,
    /// Callbacks, and answers to who names no public key, are signed with this.
    SignWith(Option<String>),
    /// The merchant has certificates only.
    DropPublicKey,
    KnowMerchant {
        serial: String,
        public_pem: String,
    },
    ForgetMerchant(String),
}

async fn keys(State(inner): Shared, Json(step): Json<Keys>) -> Result<Json<Value>, Problem> {
    let mut keyring = lock(&inner.keyring);
    let done = match step {
        Keys::Issue => keyring.issue(Inner::now()).map(Some),
        Keys::SignWith(serial) => keyring.sign_with(serial.as_deref()).map(|()| serial),
        Keys::DropPublicKey => {
            keyring.drop_public_key();
            Ok(None)
        }
        Keys::KnowMerchant { serial, public_pem } => {
            keyring.know_merchant(&serial, &public_pem).map(|()| Some(serial))
        }
        Keys::ForgetMerchant(serial) => {
            keyring.forget_merchant(&serial);
            Ok(Some(serial))
        }
    };
    let serial = done.map_err(|error| Problem::param(format!("{error:#}")))?;
    Ok(Json(json!({ "serial": serial })))
}

async fn orders(State(inner): Shared) -> Json<Value> {
    Json(json!({ "orders": inner.orders() }))
}

async fn order(State(inner): Shared, Path(number): Path<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(lock(&inner.truth).order(&number)?.object()))
}

async fn refunds(State(inner): Shared) -> Json<Value> {
    let refunds: Vec<Value> = lock(&inner.truth)
        .refunds
        .values()
        .map(truth::Refund::object)
        .collect();
    Json(json!({ "refunds": refunds }))
}

async fn callbacks(State(inner): Shared) -> Json<Value> {
    Json(json!({ "callbacks": *lock(&inner.sent), "busy": inner.is_busy() }))
}

async fn reset(State(inner): Shared) -> Json<Value> {
    inner.reset();
    Json(json!({}))
}
