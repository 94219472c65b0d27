//! Payments as the wallet sees it: what is asked is kept, and the test says
//! how refunds end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{derived_uuid, fresh_uuid};
use platform::Error;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::intent_service_server::{IntentService, IntentServiceServer};
use proto::studio::payments::v1::refund_service_server::{RefundService, RefundServiceServer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// How a refund is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refunds {
    /// Accepted; the end comes as a fact.
    #[default]
    Submit,
    /// At once.
    Succeed,
    /// Refused for good.
    Refuse,
    /// Turned away, and nobody knows for how long.
    TurnAway,
    /// Done, and the answer is lost.
    LoseTheAnswer,
}

#[derive(Debug, Default)]
pub struct Seen {
    /// By due.
    pub intents: HashMap<String, pb::Intent>,
    pub attempts: HashMap<String, pb::Attempt>,
    pub cancelled: Vec<String>,
    /// By leg.
    pub refunds: HashMap<String, pb::RefundRequest>,
    pub refund_calls: usize,
    pub answer_refunds: Refunds,
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Seen>>);

/// The server; it ends with this value.
pub struct Payments {
    seen: Fake,
    pub address: SocketAddr,
    _server: JoinSet<()>,
}

impl Payments {
    pub async fn start() -> Self {
        let seen = Fake(Arc::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = tonic::transport::Server::builder()
            .add_service(IntentServiceServer::new(seen.clone()))
            .add_service(RefundServiceServer::new(seen.clone()));
        let mut server = JoinSet::new();
        server.spawn(async move {
            routes
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Self {
            seen,
            address,
            _server: server,
        }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock()
    }
}

impl Fake {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl IntentService for Fake {
    async fn create_intent(
        &self,
        request: Request<pb::CreateIntentRequest>,
    ) -> Result<Response<pb::CreateIntentResponse>, Status> {
        let ask = request.into_inner();
        let mut seen = self.lock();
        let intent = seen
            .intents
            .entry(ask.due_id.clone())
            .or_insert_with(|| pb::Intent {
                intent_id: fresh_uuid().to_string(),
                due_id: ask.due_id,
                amount: ask.amount,
                person_id: ask.person_id,
                studio_id: ask.studio_id,
                legal_entity_id: ask.legal_entity_id,
                ..pb::Intent::default()
            });
        Ok(Response::new(pb::CreateIntentResponse {
            intent: Some(intent.clone()),
        }))
    }

    async fn start_attempt(
        &self,
        request: Request<pb::StartAttemptRequest>,
    ) -> Result<Response<pb::StartAttemptResponse>, Status> {
        let ask = request.into_inner();
        let mut seen = self.lock();
        let attempt = seen
            .attempts
            .entry(ask.request_id)
            .or_insert_with(|| pb::Attempt {
                attempt_id: fresh_uuid().to_string(),
                code_url: "weixin://wxpay/bizpayurl?pr=test".to_owned(),
                intent_id: ask.intent_id,
                ..pb::Attempt::default()
            });
        Ok(Response::new(pb::StartAttemptResponse {
            attempt: Some(attempt.clone()),
        }))
    }

    async fn cancel_intent(
        &self,
        request: Request<pb::CancelIntentRequest>,
    ) -> Result<Response<pb::CancelIntentResponse>, Status> {
        self.lock().cancelled.push(request.into_inner().intent_id);
        Ok(Response::new(pb::CancelIntentResponse { intent: None }))
    }

    async fn get_intent(
        &self,
        _: Request<pb::GetIntentRequest>,
    ) -> Result<Response<pb::GetIntentResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn get_attempt(
        &self,
        _: Request<pb::GetAttemptRequest>,
    ) -> Result<Response<pb::GetAttemptResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    type WatchAttemptStream = tokio_stream::Empty<Result<pb::WatchAttemptResponse, Status>>;

    async fn watch_attempt(
        &self,
        _: Request<pb::WatchAttemptRequest>,
    ) -> Result<Response<Self::WatchAttemptStream>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_payments(
        &self,
        _: Request<pb::ListPaymentsRequest>,
    ) -> Result<Response<pb::ListPaymentsResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }
}

#[tonic::async_trait]
impl RefundService for Fake {
    async fn refund(
        &self,
        request: Request<pb::RefundRequest>,
    ) -> Result<Response<pb::RefundResponse>, Status> {
        let ask = request.into_inner();
        let mut seen = self.lock();
        seen.refund_calls += 1;
        let state = match seen.answer_refunds {
            Refunds::Submit => pb::RefundState::Submitted,
            Refunds::Succeed => pb::RefundState::Succeeded,
            Refunds::Refuse => {
                return Err(Error::wrong_state("payment", "refunded").to_status("studio.payments"));
            }
            Refunds::TurnAway => return Err(Status::permission_denied("a wrong token")),
            Refunds::LoseTheAnswer => {
                seen.refunds.insert(ask.leg_id.clone(), ask);
                seen.answer_refunds = Refunds::Succeed;
                return Err(Status::unavailable("the answer was lost"));
            }
        };
        let refund = pb::Refund {
            refund_id: derived_uuid(ask.leg_id.parse().unwrap(), "refund").to_string(),
            leg_id: ask.leg_id.clone(),
            state: state.into(),
            ..pb::Refund::default()
        };
        seen.refunds.insert(ask.leg_id.clone(), ask);
        Ok(Response::new(pb::RefundResponse { refund: Some(refund) }))
    }

    async fn get_refund(
        &self,
        _: Request<pb::GetRefundRequest>,
    ) -> Result<Response<pb::GetRefundResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_refunds(
        &self,
        _: Request<pb::ListRefundsRequest>,
    ) -> Result<Response<pb::ListRefundsResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }
}
