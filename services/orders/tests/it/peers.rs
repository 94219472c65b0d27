//! Members, payments and wallet as orders sees them: what they did is kept, and
//! a test says which call fails, before or after its work is done.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use kernel::{Clock, derived_uuid, to_proto_time};
use platform::{Error, Refused};
use proto::Command;
use proto::studio::{feed, members, payments, wallet};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use uuid::Uuid;

/// How the next call of a kind fails.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// Nothing is done.
    Before(Status),
    /// Everything is done, and the answer is lost.
    Lost,
}

#[derive(Debug, Default)]
pub struct Seen {
    /// By the last part of the method's name.
    pub troubles: HashMap<&'static str, Vec<Trouble>>,
    /// Method and request id of every call that writes.
    pub calls: Vec<(&'static str, String)>,
    requests: HashMap<String, Vec<u8>>,
    pub people: HashSet<String>,
    /// By due.
    pub intents: HashMap<String, payments::v1::CreateIntentRequest>,
    pub attempts: Vec<payments::v1::StartAttemptRequest>,
    pub cancelled: HashSet<String>,
    /// Intents that money came for.
    pub paid: HashSet<String>,
    /// By person, in fen.
    pub wallets: HashMap<String, i64>,
    /// By due.
    pub spent: HashMap<String, wallet::v1::SpendRequest>,
    /// By order.
    pub cards: HashMap<String, members::v1::OpenCardRequest>,
}

type Shared = Arc<Mutex<Seen>>;

/// The server; it ends with this value.
pub struct Peers {
    seen: Shared,
    pub address: SocketAddr,
    _server: JoinSet<()>,
}

impl Peers {
    pub async fn start() -> Self {
        let seen = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().fallback(serve).with_state(seen.clone());
        let server = tonic::transport::Server::builder().add_routes(Routes::from(router));
        let mut running = JoinSet::new();
        running.spawn(async move {
            server
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Self {
            seen,
            address,
            _server: running,
        }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    /// The next calls of `method` fail in these ways.
    pub fn trouble(&self, method: &'static str, troubles: &[Trouble]) {
        self.seen()
            .troubles
            .entry(method)
            .or_default()
            .extend(troubles.iter().rev().cloned());
    }

    /// The request ids under which `method` was called.
    pub fn ids(&self, method: &str) -> Vec<String> {
        self.seen()
            .calls
            .iter()
            .filter(|(m, _)| *m == method)
            .map(|(_, id)| id.clone())
            .collect()
    }
}

/// A definite no with its reason, as the peer's own door says it.
pub fn no(code: Code, reason: impl proto::ErrorReason) -> Status {
    Error::from(Refused::new(code, reason, "no")).to_status("studio.peer")
}

/// An error after which nobody knows what happened.
pub fn unknown() -> Status {
    Status::internal("the line broke")
}

fn lock(seen: &Shared) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(State(seen): State<Shared>, request: Request) -> Response {
    let method = request
        .uri()
        .path()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let answer = match method.as_str() {
        "GetPerson" => unary(request, move |r| get_person(&seen, r)).await,
        "CreateIntent" => command(request, seen, "CreateIntent", create_intent).await,
        "StartAttempt" => command(request, seen, "StartAttempt", start_attempt).await,
        "CancelIntent" => command(request, seen, "CancelIntent", cancel_intent).await,
        "Spend" => command(request, seen, "Spend", spend).await,
        "OpenCard" => command(request, seen, "OpenCard", open_card).await,
        _ => Status::unimplemented(method).into_http(),
    };
    answer.map(axum::body::Body::new)
}

async fn unary<Q, R>(
    request: Request,
    answer: impl FnOnce(Q) -> Result<R, Status>,
) -> axum::http::Response<Body>
where
    Q: prost::Message + Default + Send + 'static,
    R: prost::Message + Send + Default + 'static,
{
    let mut answer = Some(answer);
    let service = tower::service_fn(move |request: tonic::Request<Q>| {
        let answer = answer.take().map(|answer| answer(request.into_inner()));
        let answer = answer.unwrap_or_else(|| Err(Status::internal("asked twice")));
        std::future::ready(answer.map(tonic::Response::new))
    });
    Grpc::new(ProstCodec::<R, Q>::default())
        .unary(service, request.map(Body::new))
        .await
}

/// A call that writes: kept, done unless trouble is ahead, and its id never
/// good for another message.
async fn command<Q: Command, R>(
    request: Request,
    seen: Shared,
    method: &'static str,
    work: impl FnOnce(&mut Seen, Q) -> Result<R, Status>,
) -> axum::http::Response<Body>
where
    R: prost::Message + Send + Default + 'static,
{
    unary(request, move |message: Q| {
        let mut seen = lock(&seen);
        let (id, bytes) = (message.request_id().to_owned(), message.encode_to_vec());
        seen.calls.push((method, id.clone()));
        if seen
            .requests
            .insert(id, bytes.clone())
            .is_some_and(|earlier| earlier != bytes)
        {
            return Err(no(
                Code::InvalidArgument,
                feed::v1::ErrorReason::IdempotencyKeyReused,
            ));
        }
        match seen.troubles.get_mut(method).and_then(Vec::pop) {
            Some(Trouble::Before(status)) => Err(status),
            Some(Trouble::Lost) => work(&mut seen, message).and(Err(unknown())),
            None => work(&mut seen, message),
        }
    })
    .await
}

fn get_person(
    seen: &Shared,
    request: members::v1::GetPersonRequest,
) -> Result<members::v1::GetPersonResponse, Status> {
    if !lock(seen).people.contains(&request.person_id) {
        return Err(Error::not_found("person").to_status("studio.members"));
    }
    let person = members::v1::Person {
        person_id: request.person_id,
        ..Default::default()
    };
    Ok(members::v1::GetPersonResponse { person: Some(person) })
}

pub fn intent_of(due: &str) -> String {
    derived_uuid(due.parse::<Uuid>().unwrap(), "their intent").to_string()
}

#[expect(clippy::unnecessary_wraps, reason = "like every call")]
fn create_intent(
    seen: &mut Seen,
    request: payments::v1::CreateIntentRequest,
) -> Result<payments::v1::CreateIntentResponse, Status> {
    let intent = payments::v1::Intent {
        intent_id: intent_of(&request.due_id),
        due_id: request.due_id.clone(),
        ..Default::default()
    };
    seen.intents.insert(request.due_id.clone(), request);
    Ok(payments::v1::CreateIntentResponse { intent: Some(intent) })
}

fn start_attempt(
    seen: &mut Seen,
    request: payments::v1::StartAttemptRequest,
) -> Result<payments::v1::StartAttemptResponse, Status> {
    if seen.cancelled.contains(&request.intent_id) {
        return Err(no(
            Code::FailedPrecondition,
            payments::v1::ErrorReason::IntentClosed,
        ));
    }
    let attempt_id = derived_uuid(request.request_id.parse().unwrap(), "their attempt").to_string();
    let attempt = payments::v1::Attempt {
        attempt_id,
        intent_id: request.intent_id.clone(),
        method: request.method,
        ..Default::default()
    };
    if seen
        .attempts
        .iter()
        .all(|known| known.request_id != request.request_id)
    {
        seen.attempts.push(request);
    }
    Ok(payments::v1::StartAttemptResponse {
        attempt: Some(attempt),
    })
}

fn cancel_intent(
    seen: &mut Seen,
    request: payments::v1::CancelIntentRequest,
) -> Result<payments::v1::CancelIntentResponse, Status> {
    if seen.paid.contains(&request.intent_id) {
        return Err(no(
            Code::FailedPrecondition,
            payments::v1::ErrorReason::AlreadyPaid,
        ));
    }
    seen.cancelled.insert(request.intent_id);
    Ok(payments::v1::CancelIntentResponse::default())
}

fn spend(seen: &mut Seen, request: wallet::v1::SpendRequest) -> Result<wallet::v1::SpendResponse, Status> {
    let amount = request.amount.clone().unwrap_or_default();
    let reply = wallet::v1::SpendResponse {
        amount: request.amount.clone(),
        spent_at: Some(to_proto_time(Clock::real())),
        ..Default::default()
    };
    if let Some(earlier) = seen.spent.get(&request.due_id) {
        let same = earlier.request_id == request.request_id;
        let twice = no(Code::FailedPrecondition, wallet::v1::ErrorReason::DueAlreadyPaid);
        return if same { Ok(reply) } else { Err(twice) };
    }
    let balance = seen.wallets.entry(request.person_id.clone()).or_default();
    if *balance < amount.minor {
        return Err(no(
            Code::FailedPrecondition,
            wallet::v1::ErrorReason::InsufficientFunds,
        ));
    }
    *balance -= amount.minor;
    seen.spent.insert(request.due_id.clone(), request);
    Ok(reply)
}

pub fn card_of(order: &str) -> String {
    derived_uuid(order.parse::<Uuid>().unwrap(), "their card").to_string()
}

#[expect(clippy::unnecessary_wraps, reason = "like every call")]
fn open_card(
    seen: &mut Seen,
    request: members::v1::OpenCardRequest,
) -> Result<members::v1::OpenCardResponse, Status> {
    let card_id = card_of(&request.order_id);
    seen.cards.insert(request.order_id.clone(), request);
    Ok(members::v1::OpenCardResponse {
        card_id,
        ..Default::default()
    })
}
