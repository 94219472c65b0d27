use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::feed::v1::feed_service_server::{FeedService, FeedServiceServer};
use proto::studio::feed::v1::{
    CheckPositionsRequest, CheckPositionsResponse, ExportRequest, ExportResponse, PullEventsRequest,
    PullEventsResponse,
};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Outgoing, Peer};
use crate::config::Retry;
use crate::run::background;
use crate::token::{ServiceToken, Signer, Verifier, generate_keys};

/// A peer that fails the first calls and remembers what it was told.
#[derive(Clone, Default)]
struct Moody {
    fails: usize,
    code: Option<Code>,
    /// When it says to come back.
    again: Option<Duration>,
    takes: Duration,
    asked: Arc<AtomicUsize>,
    heard: Arc<Mutex<HeaderMap>>,
}

#[tonic::async_trait]
impl FeedService for Moody {
    async fn pull_events(
        &self,
        r: Request<PullEventsRequest>,
    ) -> Result<Response<PullEventsResponse>, Status> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        *self.heard.lock().unwrap() = r.metadata().clone().into_headers();
        tokio::time::sleep(self.takes).await;
        if asked < self.fails {
            let mut details = ErrorDetails::new();
            if self.again.is_some() {
                details.set_retry_info(self.again);
            }
            let code = self.code.unwrap_or(Code::Unavailable);
            return Err(Status::with_error_details(code, "not now", details));
        }
        Ok(Response::new(PullEventsResponse {
            events: Vec::new(),
            head_seq: r.into_inner().after_seq,
            oldest_age_ms: 0,
        }))
    }

    async fn check_positions(
        &self,
        _: Request<CheckPositionsRequest>,
    ) -> Result<Response<CheckPositionsResponse>, Status> {
        Err(Status::unimplemented("only pulled from"))
    }

    async fn export(&self, _: Request<ExportRequest>) -> Result<Response<ExportResponse>, Status> {
        Err(Status::unimplemented("only pulled from"))
    }
}

async fn listen(peer: Moody) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    background(async move {
        let served = Server::builder().add_service(FeedServiceServer::new(peer));
        served
            .serve_with_incoming(TcpIncoming::from(listener))
            .await
            .unwrap();
    });
    address
}

fn client(address: &str, signer: Option<Signer>, reserve: u32) -> FeedServiceClient<Peer> {
    let outgoing = Outgoing {
        token: ServiceToken::new(signer, Duration::from_mins(5)),
        default: Duration::from_secs(2),
        retry: Retry {
            attempts: 3,
            backoff_ms: 2,
            budget_percent: 0,
            budget_reserve: reserve,
        },
    };
    FeedServiceClient::new(Peer::new("payments", address, None, Arc::new(outgoing)))
}

async fn pull(client: &FeedServiceClient<Peer>) -> Result<i64, Status> {
    let request = PullEventsRequest {
        after_seq: 7,
        ..PullEventsRequest::default()
    };
    client
        .clone()
        .pull_events(super::request(request))
        .await
        .map(|reply| reply.into_inner().head_seq)
}

#[tokio::test]
async fn a_peer_that_is_away_for_a_moment_is_asked_again() {
    let peer = Moody {
        fails: 2,
        ..Moody::default()
    };
    let client = client(&listen(peer.clone()).await.to_string(), None, 10);
    assert_eq!(pull(&client).await.unwrap(), 7);
    assert_eq!(peer.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_twice() {
    let peer = Moody {
        fails: 9,
        code: Some(Code::FailedPrecondition),
        ..Moody::default()
    };
    let client = client(&listen(peer.clone()).await.to_string(), None, 10);
    assert_eq!(pull(&client).await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(peer.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_peer_that_is_down_is_not_stormed() {
    let peer = Moody {
        fails: 99,
        ..Moody::default()
    };
    let client = client(&listen(peer.clone()).await.to_string(), None, 1);
    for _ in 0..5 {
        assert_eq!(pull(&client).await.unwrap_err().code(), Code::Unavailable);
    }
    assert_eq!(peer.asked.load(Ordering::SeqCst), 6); // one retry, then the budget is spent
}

#[tokio::test]
async fn a_peer_that_nobody_answers_for_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    assert_eq!(
        pull(&client(&address, None, 1)).await.unwrap_err().code(),
        Code::Unavailable
    );
}

#[tokio::test]
async fn a_peer_that_comes_up_later_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = client(&address.to_string(), None, 1);
    pull(&client).await.unwrap_err();
    let listener = TcpListener::bind(address).await.unwrap();
    background(async move {
        let served = Server::builder().add_service(FeedServiceServer::new(Moody::default()));
        served
            .serve_with_incoming(TcpIncoming::from(listener))
            .await
            .unwrap();
    });
    assert_eq!(pull(&client).await.unwrap(), 7);
}

#[tokio::test]
async fn a_peer_that_is_slow_costs_no_more_than_the_time_there_is() {
    let peer = Moody {
        takes: Duration::from_secs(30),
        ..Moody::default()
    };
    let client = client(&listen(peer).await.to_string(), None, 10);
    let until = tokio::time::Instant::now() + Duration::from_millis(100);
    let late = crate::door::within(until, pull(&client)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(until.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_peer_learns_who_calls_and_how_long_they_wait() {
    let keys = generate_keys().unwrap();
    let verifier = Verifier::new("studio", [("orders".to_owned(), keys.public_pem)]).unwrap();
    let peer = Moody::default();
    let signer = Signer::from_pem("orders", &keys.private_pem).unwrap();
    let client = client(&listen(peer.clone()).await.to_string(), Some(signer), 10);
    pull(&client).await.unwrap();
    let heard = peer.heard.lock().unwrap().clone();
    let token = heard["x-studio-service"]
        .to_str()
        .unwrap()
        .trim_start_matches("Bearer ")
        .to_owned();
    assert_eq!(verifier.service(&token), Ok("orders".to_owned()));
    assert!(heard["grpc-timeout"].to_str().unwrap().ends_with('u'));
}

#[tokio::test]
async fn a_peer_with_too_much_to_do_is_asked_again_when_it_says_and_not_before() {
    let peer = Moody {
        fails: 1,
        code: Some(Code::ResourceExhausted),
        again: Some(Duration::from_millis(80)),
        ..Moody::default()
    };
    let client = client(&listen(peer.clone()).await.to_string(), None, 10);
    let began = tokio::time::Instant::now();
    assert_eq!(pull(&client).await.unwrap(), 7);
    assert!(began.elapsed() >= Duration::from_millis(80));
    assert_eq!(peer.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_peer_that_does_not_say_when_or_too_late_is_not_asked_again() {
    for again in [None, Some(Duration::from_mins(1))] {
        let peer = Moody {
            fails: 9,
            code: Some(Code::ResourceExhausted),
            again,
            ..Moody::default()
        };
        let client = client(&listen(peer.clone()).await.to_string(), None, 10);
        assert_eq!(pull(&client).await.unwrap_err().code(), Code::ResourceExhausted);
        assert_eq!(peer.asked.load(Ordering::SeqCst), 1, "{again:?}");
    }
}

#[tokio::test]
async fn a_peer_with_too_much_to_do_gets_no_more_retries_than_the_budget_pays() {
    let peer = Moody {
        fails: 99,
        code: Some(Code::ResourceExhausted),
        again: Some(Duration::from_millis(1)),
        ..Moody::default()
    };
    let client = client(&listen(peer.clone()).await.to_string(), None, 1);
    for _ in 0..5 {
        pull(&client).await.unwrap_err();
    }
    assert_eq!(peer.asked.load(Ordering::SeqCst), 6); // one retry, then the budget is spent
}
