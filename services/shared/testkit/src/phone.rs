//! The phone of a payer, as a page: a person, or a browser that a test drives,
//! scans a QR of a simulated channel and pays, refuses or waits.

use axum::Router;
use axum::response::Html;
use axum::routing::get;

const PAGE: &str = include_str!("phone.html");

/// `app` is the word by which the page knows whose app it shows: `wechat` or
/// `alipay`. The page uses the `/control` of the simulator that serves it.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(app: &'static str) -> Router<S> {
    let page = PAGE.replace("data-app=\"\"", &format!("data-app=\"{app}\""));
    Router::new().route("/phone", get(move || async move { Html(page) }))
}
