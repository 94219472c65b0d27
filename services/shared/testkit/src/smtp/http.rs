//! The mails over HTTP: a page for people, JSON for programs.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Kept, Mail, Refusal};

const PAGE: &str = include_str!("mails.html");
/// The longest that somebody may wait, in milliseconds.
const MOST_WAIT_MS: u64 = 60_000;

type Shared = State<Arc<Kept>>;

pub(super) fn routes(kept: Arc<Kept>) -> Router {
    Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/health", get(|| async { "ok" }))
        .route("/mails", get(list).delete(clear))
        .route("/mails/{id}", get(one))
        .route("/wait", get(wait))
        .route("/refuse", post(refuse))
        .with_state(kept)
}

/// Which mails: to whom, after which id, with what in their subject.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    to: Option<String>,
    #[serde(default)]
    after: u64,
    subject: Option<String>,
    limit: Option<usize>,
    timeout_ms: Option<u64>,
}

impl Which {
    fn fits(&self, mail: &Mail) -> bool {
        self.subject.as_deref().is_none_or(|s| mail.subject.contains(s))
    }
}

/// The latest first.
async fn list(State(kept): Shared, Query(which): Query<Which>) -> Json<Value> {
    let mut mails = kept.find(which.to.as_deref(), which.after);
    mails.retain(|mail| which.fits(mail));
    mails.reverse();
    mails.truncate(which.limit.unwrap_or(100));
    Json(json!({ "mails": mails }))
}

async fn one(State(kept): Shared, Path(id): Path<u64>) -> Result<Json<Mail>, StatusCode> {
    let found = kept.find(None, 0).into_iter().find(|mail| mail.id == id);
    found.map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// The first mail that fits, when it has come.
async fn wait(State(kept): Shared, Query(which): Query<Which>) -> Result<Json<Mail>, StatusCode> {
    let patience = Duration::from_millis(which.timeout_ms.unwrap_or(10_000).min(MOST_WAIT_MS));
    let mail = kept
        .wait(which.to.as_deref(), which.after, patience, |mail| {
            which.fits(mail)
        })
        .await;
    mail.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn refuse(State(kept): Shared, Json(refusal): Json<Refusal>) -> StatusCode {
    if !(400..600).contains(&refusal.code) {
        return StatusCode::BAD_REQUEST;
    }
    kept.state().refusals.push(refusal);
    StatusCode::NO_CONTENT
}

async fn clear(State(kept): Shared) -> StatusCode {
    kept.clear();
    StatusCode::NO_CONTENT
}
