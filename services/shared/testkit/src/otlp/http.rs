//! The traces over HTTP: a page for people, JSON for programs.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Kept, Summary};

const PAGE: &str = include_str!("traces.html");

type Shared = State<Arc<Kept>>;

pub(super) fn routes(kept: Arc<Kept>) -> Router {
    Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/health", get(|| async { "ok" }))
        .route("/traces", get(list).delete(clear))
        .route("/traces/{id}", get(one))
        .route("/counts", get(counts))
        .with_state(kept)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    limit: Option<usize>,
    /// Only traces in which this service has a span.
    service: Option<String>,
}

/// The latest first.
async fn list(State(kept): Shared, Query(which): Query<Which>) -> Json<Value> {
    let mut traces: Vec<Summary> = kept.summaries();
    if let Some(service) = &which.service {
        traces.retain(|trace| trace.services.contains(service));
    }
    traces.truncate(which.limit.unwrap_or(50));
    Json(json!({ "traces": traces }))
}

async fn one(State(kept): Shared, Path(id): Path<String>) -> Result<Json<Value>, StatusCode> {
    let spans = kept.trace(&id.to_ascii_lowercase());
    if spans.is_empty() {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(Json(
        json!({ "trace_id": id.to_ascii_lowercase(), "spans": spans }),
    ))
}

async fn counts(State(kept): Shared) -> Json<Value> {
    let state = kept.state();
    Json(json!({ "traces": state.traces.len(), "spans": state.count, "metrics": state.metrics }))
}

async fn clear(State(kept): Shared) -> StatusCode {
    kept.clear();
    StatusCode::NO_CONTENT
}
