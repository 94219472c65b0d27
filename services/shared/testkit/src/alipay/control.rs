//! The door for people and tests: scan, pay, refuse, look, and script accidents.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::NaiveDate;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bills::BillFlaw;
use super::fields::Problem;
use super::script::Script;
use super::{Inner, lock};
use crate::phone;

pub(super) fn routes(inner: Arc<Inner>) -> Router {
    Router::new()
        .merge(phone::routes("alipay"))
        .route("/control/health", get(|| async { "ok" }))
        .route("/control/scan", post(scan))
        .route("/control/pay", post(pay))
        .route("/control/refuse", post(refuse))
        .route("/control/script", post(script))
        .route("/control/routes", post(route))
        .route("/control/bill", post(flaw_bill))
        .route("/control/orders", get(orders))
        .route("/control/refunds", get(refunds))
        .route("/control/callbacks", get(callbacks))
        .route("/control/reset", post(reset))
        .with_state(inner)
}

type Shared = State<Arc<Inner>>;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let said = json!({ "code": self.word, "message": self.message });
        (StatusCode::CONFLICT, Json(said)).into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    code_url: Option<String>,
    out_trade_no: Option<String>,
    /// Pay although the trade was closed or the QR has expired.
    #[serde(default)]
    late: bool,
}

impl Which {
    fn name(&self) -> Result<&str, Problem> {
        let name = self.code_url.as_deref().or(self.out_trade_no.as_deref());
        name.ok_or_else(|| Problem::param("give code_url or out_trade_no"))
    }
}

async fn pay(State(inner): Shared, Json(which): Json<Which>) -> Result<Json<Value>, Problem> {
    let number = lock(&inner.truth).find(which.name()?)?;
    inner.pay(which.name()?, which.late)?;
    Ok(Json(json!({ "out_trade_no": number, "paid": true })))
}

/// What the payer is shown before paying. Who scans and does not pay leaves a
/// trade that waits.
async fn scan(State(inner): Shared, Json(which): Json<Which>) -> Result<Json<Value>, Problem> {
    let mut truth = lock(&inner.truth);
    Ok(Json(truth.scan(which.name()?, false, Inner::now())?.summary()))
}

async fn refuse(State(inner): Shared, Json(which): Json<Which>) -> Result<Json<Value>, Problem> {
    let mut truth = lock(&inner.truth);
    let order = truth.scan(which.name()?, false, Inner::now())?;
    Ok(Json(
        json!({ "out_trade_no": order.asked.out_trade_no, "paid": false }),
    ))
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
        Some(number) => truth.order_mut(&number)?.script = asked.script,
    }
    Ok(Json(json!({})))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flawed {
    day: NaiveDate,
    flaw: BillFlaw,
}

async fn flaw_bill(State(inner): Shared, Json(flawed): Json<Flawed>) -> Json<Value> {
    lock(&inner.truth).bill_flaws.push((flawed.day, flawed.flaw));
    Json(json!({}))
}

async fn orders(State(inner): Shared) -> Json<Value> {
    let orders: Vec<Value> = lock(&inner.truth)
        .orders
        .values()
        .map(super::truth::Order::summary)
        .collect();
    Json(json!({ "orders": orders }))
}

async fn refunds(State(inner): Shared) -> Json<Value> {
    Json(json!({ "refunds": lock(&inner.truth).refunds() }))
}

async fn callbacks(State(inner): Shared) -> Json<Value> {
    Json(json!({ "callbacks": *lock(&inner.sent), "busy": inner.is_busy() }))
}

async fn reset(State(inner): Shared) -> Json<Value> {
    inner.reset();
    Json(json!({}))
}
