use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use opentelemetry::KeyValue;
use rand::Rng as _;
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::transport::{Channel, ClientTlsConfig};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::{Service, ServiceExt as _};
use tracing::Instrument as _;

use super::budget::Budget;
use super::{Outgoing, balance};
use crate::crash_point;
use crate::telemetry::{inject, meters};
use crate::token::SERVICE_HEADER;

/// How exactly timers strike.
const TICK: Duration = Duration::from_millis(3);

/// Another service, for the generated clients. Copies share connections.
#[derive(Clone)]
pub struct Peer {
    shared: Arc<Shared>,
    channel: Channel,
}

struct Shared {
    name: String,
    outgoing: Arc<Outgoing>,
    budget: Budget,
}

impl Peer {
    pub(super) fn new(
        name: &str,
        address: &str,
        tls: Option<&ClientTlsConfig>,
        outgoing: Arc<Outgoing>,
    ) -> Self {
        let budget = Budget::new(&outgoing.retry);
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            outgoing,
            budget,
        });
        Self {
            shared,
            channel: balance::channel(address, tls),
        }
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({})", self.shared.name)
    }
}

impl Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(())) // waited for within the deadline of each try
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = self.shared.clone();
        let channel = self.channel.clone();
        let path = request.uri().path().trim_start_matches('/');
        // Pulls of the feed go on all the time and tell nothing.
        let span = if path.starts_with("studio.feed.") {
            tracing::debug_span!("outgoing")
        } else {
            tracing::info_span!(
                "outgoing",
                otel.name = path.trim_start_matches("studio."),
                otel.kind = "client",
                rpc.system = "grpc",
                peer.service = shared.name,
            )
        };
        Box::pin(shared.exchange(channel, request).instrument(span))
    }
}

impl Shared {
    async fn exchange(
        self: Arc<Self>,
        channel: Channel,
        request: Request<Body>,
    ) -> Result<Response<Body>, Status> {
        let until = Instant::now() + self.time(request.headers());
        let (parts, body) = request.into_parts();
        let message = body.collect().await?.to_bytes();
        self.budget.earn();
        let mut tried = 1;
        loop {
            let reply = self.attempt(&channel, &parts, message.clone(), until).await;
            let code = code(&reply);
            if code == Code::Ok && !parts.uri.path().starts_with("/studio.feed.") {
                crash_point!("peer.answered", "{}", parts.uri.path());
            }
            let (peer, result) = (self.label(), KeyValue::new("code", format!("{code:?}")));
            meters().outgoing.add(1, &[peer.clone(), result]);
            let Some(pause) = self.pause(tried, code, &reply) else {
                return reply;
            };
            let late = Instant::now() + pause >= until;
            if tried >= self.outgoing.retry.attempts || late || !self.budget.spend() {
                return reply;
            }
            meters().retries.add(1, &[peer]);
            tried += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// How long the exchange may take: what is left to the call that runs, or
    /// what the request says itself, whichever is less.
    fn time(&self, headers: &http::HeaderMap) -> Duration {
        let own = crate::door::asked(headers);
        let left = crate::door::remaining();
        match (own, left) {
            (Some(own), Some(left)) => own.min(left),
            (Some(time), None) | (None, Some(time)) => time,
            (None, None) => self.outgoing.default,
        }
    }

    async fn attempt(
        &self,
        channel: &Channel,
        parts: &Parts,
        message: Bytes,
        until: Instant,
    ) -> Result<Response<Body>, Status> {
        let request = self.dressed(parts, message, until)?;
        let mut channel = channel.clone();
        let exchange = async {
            let ready = channel.ready().await?;
            ready.call(request).await
        };
        match timeout_at(until, exchange).await {
            Ok(Ok(response)) => Ok(response),
            // The channel has a timer of its own, for the same moment.
            Ok(Err(_)) if until.saturating_duration_since(Instant::now()) < TICK => Err(self.late()),
            Ok(Err(error)) => {
                let why = crate::telemetry::chain(&error);
                Err(Status::unavailable(format!(
                    "{} cannot be reached: {why}",
                    self.name
                )))
            }
            Err(_) => Err(self.late()),
        }
    }

    /// One try of the request, with what the peer has to know.
    fn dressed(&self, parts: &Parts, message: Bytes, until: Instant) -> Result<Request<Body>, Status> {
        let mut request = Request::new(Body::new(Full::new(message)));
        request.method_mut().clone_from(&parts.method);
        request.uri_mut().clone_from(&parts.uri);
        *request.version_mut() = parts.version;
        request.headers_mut().clone_from(&parts.headers);
        let headers = request.headers_mut();
        let left = until.saturating_duration_since(Instant::now());
        headers.insert("grpc-timeout", timeout_value(left)?);
        if let Some(token) = self.outgoing.token.current() {
            let bearer = HeaderValue::try_from(format!("Bearer {token}"));
            headers.insert(
                SERVICE_HEADER,
                bearer.map_err(|_| Status::internal("a token that cannot be sent"))?,
            );
        }
        inject(headers);
        Ok(request)
    }

    /// How long to wait before the next try; none when there is to be none. A
    /// peer that has too much to do says itself when to come back, and is not
    /// asked again before.
    fn pause(&self, tried: u32, code: Code, reply: &Result<Response<Body>, Status>) -> Option<Duration> {
        match code {
            Code::Unavailable => Some(self.backoff(tried)),
            Code::ResourceExhausted => retry_after(reply).map(spread),
            _ => None,
        }
    }

    /// Doubled after every try, and anywhere in its upper half, so that
    /// callers that failed together do not come back together.
    fn backoff(&self, tried: u32) -> Duration {
        let full = self
            .outgoing
            .retry
            .backoff_ms
            .saturating_mul(1 << tried.saturating_sub(1).min(10))
            .max(2);
        Duration::from_millis(rand::rng().random_range(full / 2..=full))
    }

    fn late(&self) -> Status {
        Status::deadline_exceeded(format!("{} did not answer in time", self.name))
    }

    fn label(&self) -> KeyValue {
        KeyValue::new("peer", self.name.clone())
    }
}

/// `grpc-timeout` in microseconds, or milliseconds where those are too many.
fn timeout_value(left: Duration) -> Result<HeaderValue, Status> {
    let us = left.as_micros();
    let text = if us < 100_000_000 {
        format!("{us}u")
    } else {
        format!("{}m", left.as_millis().min(99_999_999))
    };
    HeaderValue::try_from(text).map_err(|_| Status::internal("a deadline that cannot be sent"))
}

fn code(reply: &Result<Response<Body>, Status>) -> Code {
    match reply {
        Ok(response) => Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code()),
        Err(status) => status.code(),
    }
}

/// When a peer wants to be asked again, if it says so.
fn retry_after(reply: &Result<Response<Body>, Status>) -> Option<Duration> {
    let Ok(response) = reply else { return None };
    let status = Status::from_header_map(response.headers())?;
    status.get_error_details().retry_info()?.retry_delay
}

/// Not before `delay`, and not all at the same moment.
fn spread(delay: Duration) -> Duration {
    let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX / 2);
    Duration::from_millis(ms + rand::rng().random_range(0..=ms / 2))
}
