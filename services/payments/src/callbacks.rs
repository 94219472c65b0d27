//! The door that channels knock on. In this order: size, raw body, signature,
//! time, decryption, schema (the adapter's part); then whose it is, whether it
//! was here before, the attempt, amount and currency; then one transaction; and
//! only after its commit the acknowledgement.

mod keep;
mod receive;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use platform::Listener;

use crate::App;
use receive::{Answer, receive};

pub use receive::apply;

/// The listener of the callbacks.
pub fn listener(app: &Arc<App>) -> Listener {
    let router = Router::new()
        .route("/callbacks/{channel}/{merchant}", post(knock))
        .with_state(app.clone());
    Listener {
        name: "callbacks",
        address: app.config.callbacks.listen,
        router,
    }
}

async fn knock(
    State(app): State<Arc<App>>,
    Path((channel, merchant)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(body) = to_bytes(body, app.config.callbacks.max_body_bytes).await else {
        return failure(StatusCode::PAYLOAD_TOO_LARGE, "too large");
    };
    match receive(&app, &channel, &merchant, &headers, &body).await {
        Ok(Answer::Acknowledged("")) => StatusCode::NO_CONTENT.into_response(),
        Ok(Answer::Acknowledged(body)) => body.into_response(),
        Ok(Answer::Refused(why)) => failure(StatusCode::UNAUTHORIZED, why),
        Ok(Answer::NoSuchMerchant) => failure(StatusCode::NOT_FOUND, "unknown address"),
        Ok(Answer::TooEarly) => failure(StatusCode::INTERNAL_SERVER_ERROR, "unknown order; send it again"),
        Err(error) => {
            tracing::error!(
                error = platform::telemetry::chain(&error),
                "a callback could not be recorded"
            );
            failure(StatusCode::INTERNAL_SERVER_ERROR, "send it again")
        }
    }
}

/// The body that channels read when a callback failed.
fn failure(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({ "code": "FAIL", "message": message }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
