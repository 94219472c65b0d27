use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use kernel::BadField;
use opentelemetry::KeyValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::answer::failed;
use super::certificate;
use super::deadline::{DEADLINE, granted};
use super::limit::Limited;
use super::remote;
use super::stream::Streaming;
use crate::access::{Access, CallRule, Rules};
use crate::config::{Deadlines, Limits};
use crate::limits::{Callers, Class, Payer, Place, Rooms, Shed};
use crate::telemetry::{continue_headers, current_trace_id, meters};
use crate::transaction::domain;
use crate::{Caller, Error};

const FEED: &str = "studio.feed.v1.FeedService";
const HEALTH: &str = "/grpc.health.";

/// What the door of a service knows. One a process.
pub(crate) struct Door {
    pub name: &'static str,
    pub rules: &'static Rules,
    pub access: Access,
    pub deadlines: Deadlines,
    pub limits: Limits,
    /// Callers show certificates, which have to fit their tokens.
    pub mtls: bool,
    /// Calls that may begin; a call holds a place until it has really ended.
    pub rooms: Rooms,
    /// Answers that may stream.
    pub streams: Arc<Semaphore>,
    /// How much each caller may ask.
    pub callers: Callers,
    /// Whether the process knows enough to answer: one that has just begun would
    /// refuse for good what it has not read yet.
    pub ready: watch::Receiver<bool>,
    /// Calls that run, whether or not somebody still waits for them.
    pub running: TaskTracker,
}

/// The door before the services behind it.
#[derive(Clone)]
pub(crate) struct Doorway<S> {
    door: Arc<Door>,
    inner: S,
}

impl<S> Doorway<S> {
    pub(crate) fn new(door: Arc<Door>, inner: S) -> Self {
        Self { door, inner }
    }
}

type Reply = Result<Response<Body>, Infallible>;

impl<S> Service<Request<Body>> for Doorway<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let waiting = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, waiting);
        let door = self.door.clone();
        Box::pin(async move { door.pass(ready, request).await })
    }
}

impl Door {
    async fn pass<S>(self: Arc<Self>, inner: S, request: Request<Body>) -> Reply
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send + 'static,
        S::Future: Send + 'static,
    {
        let path = request.uri().path();
        if !path.starts_with("/studio.") {
            return self.beside(inner, request).await;
        }
        let Some(call) = self.rules.get(path) else {
            return Ok(Status::unimplemented("there is no such call").into_http());
        };
        let span = span(call);
        continue_headers(&span, request.headers());
        let started = Instant::now();
        async {
            Span::current().record("trace_id", current_trace_id());
            let response = match self.serve(call, inner, request).await.and_then(read) {
                Ok(response) => response,
                Err(error) => failed(self.name, call.path, &error).into_http(),
            };
            note(call, &response, started.elapsed());
            Ok(response)
        }
        .instrument(span)
        .await
    }

    async fn serve<S>(
        &self,
        call: &'static CallRule,
        mut inner: S,
        request: Request<Body>,
    ) -> Result<Response<Body>, Error>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send + 'static,
        S::Future: Send + 'static,
    {
        if !*self.ready.borrow() {
            return Err(Error::starting());
        }
        let time = granted(request.headers(), call.streams, &self.deadlines).ok_or_else(Error::deadline)?;
        let until = Instant::now() + time;
        let room = self.enter(call.class()).await?;
        let streams = self.stream(call)?;
        let admitted = self.access.admit(call, request.headers());
        let payer = self.payer(&admitted, &request);
        self.callers.charge(call.class(), &payer).await?;
        let caller = admitted?;
        if let Some(person) = caller.person() {
            Span::current().record("person.id", tracing::field::display(person));
        }
        if let Some(service) = caller.service() {
            Span::current().record("peer.service", service);
            if self.mtls {
                certificate::require(request.extensions(), service)?;
            }
        }
        let limit = self.message_bytes(call);
        let mut request = request.map(|body| Body::new(Limited::new(body, limit)));
        request.extensions_mut().insert(caller);
        let (ended, service) = (self.running.token(), self.name);
        let work = DEADLINE.scope(until, async move {
            let response = inner.call(request).await;
            drop((room, ended));
            response.map(|response| match streams {
                Some(place) => response.map(|body| Body::new(Streaming::new(body, until, service, place))),
                None => response,
            })
        });
        if call.rule.writes {
            // Dropping the handle of the task leaves the task alone: the work finishes.
            let task = self.running.spawn(work.instrument(Span::current()));
            match timeout_at(until, task).await {
                Ok(Ok(response)) => Ok(infallible(response)),
                Ok(Err(broken)) => Err(fault(&broken)),
                Err(_) => Err(Error::deadline()),
            }
        } else {
            timeout_at(until, work)
                .await
                .map(infallible)
                .map_err(|_| Error::deadline())
        }
    }

    /// Health, which everybody may ask at any time, and reflection, which waits
    /// behind everything else.
    async fn beside<S>(&self, mut inner: S, request: Request<Body>) -> Reply
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    {
        let _room = if request.uri().path().starts_with(HEALTH) {
            None
        } else {
            match self.enter(Class::Report).await {
                Ok(room) => Some(room),
                Err(error) => return Ok(error.to_status(&domain(self.name)).into_http()),
            }
        };
        inner.call(request).await
    }

    /// A place among the calls that run.
    async fn enter(&self, class: Class) -> Result<Place, Error> {
        self.rooms
            .enter(class)
            .await
            .map_err(|shed| shed.refuse(class, self.retry_after()))
    }

    /// A place among the answers that stream, if this will be one.
    fn stream(&self, call: &CallRule) -> Result<Option<OwnedSemaphorePermit>, Error> {
        if !call.streams {
            return Ok(None);
        }
        let place = self.streams.clone().try_acquire_owned();
        place
            .map(Some)
            .map_err(|_| Shed::Streams.refuse(call.class(), self.retry_after()))
    }

    /// From whose measure the call is taken. Whoever is turned away pays as a
    /// stranger: guessing is not free.
    fn payer(&self, admitted: &Result<Caller, Error>, request: &Request<Body>) -> Payer {
        let believed = &self.limits.forwarded_header;
        let address = remote::address(request.extensions(), request.headers(), believed);
        admitted
            .as_ref()
            .map_or(Payer::Stranger(address), |caller| Payer::of(caller, address))
    }

    fn retry_after(&self) -> Duration {
        Duration::from_millis(self.limits.retry_after_ms)
    }

    fn message_bytes(&self, call: &CallRule) -> usize {
        self.limits
            .message_bytes_of
            .get(&call.service)
            .copied()
            .unwrap_or(self.limits.message_bytes)
    }
}

/// The span of a call. Pulls of the feed go on all the time and tell nothing,
/// so they stay out of traces.
fn span(call: &'static CallRule) -> Span {
    if call.service == FEED {
        return tracing::debug_span!("call");
    }
    tracing::info_span!(
        "call",
        otel.name = call.span,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = call.service,
        rpc.method = call.method,
        rpc.grpc.status_code = Empty,
        person.id = Empty,
        peer.service = Empty,
        reason = Empty,
        trace_id = Empty,
    )
}

/// The transport calls a message that it cannot read a fault of ours, without
/// a reason, as none of ours leaves. It is the caller's.
fn read(response: Response<Body>) -> Result<Response<Body>, Error> {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::Internal && status.details().is_empty() => {
            Err(BadField::new("request", "is not the message of this call").into())
        }
        _ => Ok(response),
    }
}

fn infallible(reply: Reply) -> Response<Body> {
    match reply {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn fault(broken: &tokio::task::JoinError) -> Error {
    tracing::error!(error = crate::telemetry::chain(broken), "a handler broke off");
    Error::Internal("a handler broke off".to_owned())
}

/// Measures a call by what its answer says. Most answers say it in a trailer
/// that only follows: those are good.
fn note(call: &CallRule, response: &Response<Body>, took: Duration) {
    let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
    Span::current().record("rpc.grpc.status_code", i64::from(i32::from(code)));
    let method = KeyValue::new("method", call.span.clone());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    meters()
        .calls
        .add(1, &[method.clone(), KeyValue::new("code", format!("{code:?}"))]);
    meters().call_ms.record(ms, &[method]);
}
