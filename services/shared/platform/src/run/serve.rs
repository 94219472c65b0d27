use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use http::HeaderName;
use proto::studio::feed::v1::feed_service_server::FeedServiceServer;
use proto::studio::operations::v1::audit_service_server::AuditServiceServer;
use proto::studio::operations::v1::check_service_server::CheckServiceServer;
use proto::studio::operations::v1::operations_service_server::OperationsServiceServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::{Server, ServerTlsConfig};
use tonic_health::server::HealthReporter;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::connections;
use crate::Service;
use crate::audit::Audit;
use crate::checks::Checks;
use crate::config::Grpc;
use crate::door::{Door, Doorway};
use crate::feed::Feed;
use crate::operations::Operations;
use crate::telemetry::Telemetry;

/// What a page may read of an answer.
const SHOWN: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];

/// The services behind the door: the service's own, and platform's.
pub(super) fn routes<S: Service>(
    app: &Arc<S>,
    health: HealthReporter,
    reflected: Option<&[&str]>,
    movable: bool,
) -> anyhow::Result<Routes> {
    let health = tonic_health::pb::health_server::HealthServer::new(
        tonic_health::server::HealthService::from_health_reporter(health),
    );
    let mut routes = S::routes(app)
        .add_service(FeedServiceServer::new(Feed((***app).clone())))
        .add_service(OperationsServiceServer::new(Operations::new(
            app.clone(),
            movable,
        )))
        .add_service(AuditServiceServer::new(Audit((***app).clone())))
        .add_service(CheckServiceServer::new(Checks::new(app.clone())))
        .add_service(health);
    if let Some(names) = reflected {
        // The whole house is in the descriptors; only what is served here is listed.
        let about = || {
            let named = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .with_service_name("grpc.health.v1.Health");
            names
                .iter()
                .copied()
                .fold(named, tonic_reflection::server::Builder::with_service_name)
        };
        routes = routes
            .add_service(about().build_v1()?)
            .add_service(about().build_v1alpha()?);
    }
    Ok(routes)
}

/// Serves gRPC and gRPC-Web until `stop`, then lets running calls end.
pub(super) async fn grpc(
    config: Grpc,
    tls: Option<ServerTlsConfig>,
    door: Arc<Door>,
    routes: Routes,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut server = Server::builder()
        .accept_http1(true) // gRPC-Web
        .max_connection_age(Duration::from_secs(config.max_connection_age_s))
        .max_connection_age_grace(Duration::from_secs(30))
        .max_concurrent_streams(config.max_streams)
        .http2_max_header_list_size(config.max_header_bytes)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .http2_max_pending_accept_reset_streams(Some(config.max_resets));
    if let Some(tls) = tls {
        server = server.tls_config(tls)?;
    }
    let service = Doorway::new(door, routes.prepare());
    server
        .layer(cors(&config.allow_origins))
        .layer(tonic_web::GrpcWebLayer::new())
        .serve_with_incoming_shutdown(
            service,
            connections::at_most(config.max_connections, listener),
            stop.cancelled_owned(),
        )
        .await?;
    Ok(())
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins = if origins.iter().any(|o| o == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|o| o.parse().ok()))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([http::Method::POST])
        .allow_headers(tower_http::cors::Any)
        .expose_headers(SHOWN.map(HeaderName::from_static))
        .max_age(Duration::from_hours(1))
}

/// `/metrics` for Prometheus, `/livez` and `/readyz` for whoever cannot ask by gRPC.
pub(super) fn probes(telemetry: Arc<Option<Telemetry>>, ready: tokio::sync::watch::Receiver<bool>) -> Router {
    let scrape = move || {
        let telemetry = telemetry.clone();
        async move {
            match telemetry.as_ref().as_ref().map(Telemetry::scrape) {
                Some(Ok(text)) => (StatusCode::OK, text),
                Some(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
                None => (StatusCode::OK, String::new()),
            }
        }
    };
    let readiness = move || {
        let ready = *ready.borrow();
        async move {
            if ready {
                (StatusCode::OK, "ready")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "not ready")
            }
        }
    };
    Router::new()
        .route("/metrics", get(scrape))
        .route("/livez", get(|| async { "alive" }))
        .route("/readyz", get(readiness))
}
