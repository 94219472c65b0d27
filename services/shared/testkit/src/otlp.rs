//! A receiver of OTLP over gRPC that keeps recent traces in memory and shows
//! them as trees to people and as JSON to programs. Metrics are taken and counted.

mod http;
mod spans;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

pub use spans::{Link, Span, Summary};

/// The largest export that is taken, in bytes.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// A running sink; it ends when the last copy is dropped.
#[derive(Clone)]
pub struct Sink {
    kept: Arc<Kept>,
    address: SocketAddr,
    http_address: SocketAddr,
    _servers: Arc<JoinSet<()>>,
}

struct Kept {
    keep: usize,
    state: Mutex<State>,
    arrived: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    count: u64,
    metrics: u64,
    traces: HashMap<String, Kin>,
}

/// The spans of one trace so far, and when the last of them came.
struct Kin {
    last: u64,
    spans: Vec<Span>,
}

impl Sink {
    /// Starts it; port 0 takes a free one.
    pub async fn start(otlp: SocketAddr, http: SocketAddr) -> Result<Self> {
        Self::keeping(otlp, http, 5_000).await
    }

    /// As [`Sink::start`], keeping so many traces.
    pub async fn keeping(otlp: SocketAddr, http: SocketAddr, keep: usize) -> Result<Self> {
        let grpc = bind(otlp, "OTLP").await?;
        let http = bind(http, "HTTP").await?;
        let (address, http_address) = (grpc.local_addr()?, http.local_addr()?);
        let kept = Arc::new(Kept {
            keep,
            state: Mutex::default(),
            arrived: watch::Sender::new(0),
        });
        let traces = TraceServiceServer::new(Receiver(kept.clone()))
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(MOST_BYTES);
        let metrics = MetricsServiceServer::new(Receiver(kept.clone()))
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(MOST_BYTES);
        let mut servers = JoinSet::new();
        servers.spawn(async move {
            let server = Server::builder().add_service(traces).add_service(metrics);
            if let Err(error) = server.serve_with_incoming(TcpIncoming::from(grpc)).await {
                tracing::error!(%error, "the OTLP door ended");
            }
        });
        let router = self::http::routes(kept.clone());
        servers.spawn(async move {
            if let Err(error) = axum::serve(http, router).await {
                tracing::error!(%error, "the trace pages ended");
            }
        });
        Ok(Self {
            kept,
            address,
            http_address,
            _servers: Arc::new(servers),
        })
    }

    /// Where it takes OTLP.
    pub fn otlp_address(&self) -> SocketAddr {
        self.address
    }

    /// Where it shows traces.
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// The spans of a trace so far, by their start.
    pub fn trace(&self, id: &str) -> Vec<Span> {
        self.kept.trace(id)
    }

    /// Every trace that is kept, the latest first.
    pub fn traces(&self) -> Vec<Summary> {
        self.kept.summaries()
    }

    /// Waits until `enough` is true of a trace's spans. None when the time runs out.
    pub async fn wait(
        &self,
        trace_id: &str,
        patience: Duration,
        enough: impl Fn(&[Span]) -> bool,
    ) -> Option<Vec<Span>> {
        let mut arrived = self.kept.arrived.subscribe();
        let look = async {
            loop {
                arrived.mark_unchanged();
                let spans = self.trace(trace_id);
                if enough(&spans) {
                    return Some(spans);
                }
                if arrived.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, look).await.ok().flatten()
    }
}

async fn bind(address: SocketAddr, what: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("the OTLP sink cannot listen on {address} for {what}"))
}

impl Kept {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, spans: Vec<(String, Span)>) {
        let mut state = self.state();
        for (trace_id, span) in spans {
            state.count += 1;
            let last = state.count;
            let kin = state.traces.entry(trace_id).or_insert_with(|| Kin {
                last,
                spans: Vec::new(),
            });
            kin.last = last;
            // An exporter that got no answer sends again.
            if kin.spans.iter().all(|s| s.span_id != span.span_id) {
                kin.spans.push(span);
            }
        }
        if state.traces.len() > self.keep {
            let mut ages: Vec<(u64, String)> = state
                .traces
                .iter()
                .map(|(id, kin)| (kin.last, id.clone()))
                .collect();
            ages.sort_unstable();
            let surplus = state.traces.len() - self.keep;
            for (_, id) in ages.into_iter().take(surplus) {
                state.traces.remove(&id);
            }
        }
        let count = state.count;
        drop(state);
        self.arrived.send_replace(count);
    }

    fn trace(&self, id: &str) -> Vec<Span> {
        let mut spans = self
            .state()
            .traces
            .get(id)
            .map(|kin| kin.spans.clone())
            .unwrap_or_default();
        spans.sort_by_key(|span| (span.start_us, span.end_us));
        spans
    }

    fn summaries(&self) -> Vec<Summary> {
        let state = self.state();
        let mut kin: Vec<_> = state.traces.iter().collect();
        kin.sort_unstable_by_key(|(_, kin)| std::cmp::Reverse(kin.last));
        kin.into_iter()
            .map(|(id, kin)| Summary::of(id, &kin.spans))
            .collect()
    }

    fn clear(&self) {
        self.state().traces.clear();
    }
}

/// The door.
struct Receiver(Arc<Kept>);

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.take(spans::read(request.into_inner().resource_spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let count = u64::try_from(request.into_inner().resource_metrics.len()).unwrap_or_default();
        self.0.state().metrics += count;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
