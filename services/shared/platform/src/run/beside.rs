use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures::StreamExt as _;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{ListenerLimits, background, connections};

/// Before the next connection is taken when one could not be, as when no file
/// may be opened any more.
const BREATH: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 until `stop`, then lets running requests end. What a request
/// may take beyond its head is for its router to say.
pub(super) async fn serve(
    name: &'static str,
    listener: TcpListener,
    router: Router,
    limits: ListenerLimits,
    stop: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes);
    let service =
        TowerToHyperService::new(router.map_request(|request: Request<Incoming>| request.map(Body::new)));
    let running = GracefulShutdown::new();
    {
        let mut arriving =
            pin!(connections::at_most(limits.connections, listener).take_until(stop.cancelled_owned()));
        while let Some(arrived) = arriving.next().await {
            let stream = match arrived {
                Ok(stream) => TokioIo::new(stream),
                Err(error) => {
                    tracing::warn!(%error, "the door {name} could not take a connection");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            };
            let served = running.watch(http.serve_connection(stream, service.clone()));
            background(async move {
                if let Err(error) = served.await {
                    tracing::debug!(%error, "a connection of the door {name} broke");
                }
            });
        }
    }
    running.shutdown().await;
}
