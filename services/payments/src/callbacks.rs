//! The door that channels knock on. In this order: size, raw body, signature,
//! time, decryption, schema (the adapter's part); then whose it is, whether it
//! was here before, the attempt, amount and currency; then one transaction; and
//! only after its commit the acknowledgement. A body that is not believed is kept
//! as well, before the channel is told so.

mod keep;
mod receive;
mod refused;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use platform::{Listener, ListenerLimits};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::{App, meters};
use receive::{Answer, receive};

pub use receive::apply;
pub use refused::Full;

/// So few callbacks may wait for a key that is not held, that they take no place
/// from those whose key is.
pub const RENEWALS: usize = 4;

/// The door and how many it lets in.
#[derive(Clone)]
struct Door {
    app: Arc<App>,
    room: Arc<Semaphore>,
}

/// The listener of the callbacks.
pub fn listener(app: &Arc<App>) -> Listener {
    let settings = &app.config.callbacks;
    let door = Door {
        app: app.clone(),
        room: Arc::new(Semaphore::new(settings.at_once)),
    };
    let router = Router::new()
        .route("/callbacks/{channel}/{merchant}", post(knock))
        .with_state(door);
    Listener {
        name: "callbacks",
        address: settings.listen,
        router,
        limits: ListenerLimits {
            connections: settings.connections,
            head: settings.head(),
            head_bytes: settings.max_head_bytes,
        },
    }
}

async fn knock(
    State(Door { app, room }): State<Door>,
    Path((channel, merchant)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let settings = &app.config.callbacks;
    let body = match timeout(settings.body(), to_bytes(body, settings.max_body_bytes)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return failure(StatusCode::PAYLOAD_TOO_LARGE, "too large"),
        Err(_) => return failure(StatusCode::REQUEST_TIMEOUT, "too slow"),
    };
    // only whole requests are let in: who is slow takes nobody's place
    let Ok(Ok(_place)) = timeout(settings.wait(), room.acquire()).await else {
        meters::callback_shed();
        return failure(StatusCode::SERVICE_UNAVAILABLE, "send it again");
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
