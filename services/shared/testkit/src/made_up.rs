//! A peer that a test makes up: it answers the calls that the test gave it an
//! answer for, and says UNIMPLEMENTED to all others. Who may call is for the
//! tests of the true service.

use std::net::SocketAddr;

use anyhow::Result;
use axum::extract::Request as HttpRequest;
use axum::routing::post;
use proto::Call;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::server::Grpc;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// The calls and their answers.
#[derive(Default)]
pub struct MadeUp {
    router: axum::Router,
}

/// A made-up peer that listens; it ends when it is dropped.
pub struct Serving {
    /// As the configuration wants it in `[peers]`.
    pub address: SocketAddr,
    _server: JoinSet<()>,
}

impl MadeUp {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every `C` with what `answer` says.
    #[must_use]
    pub fn on<C: Call>(
        self,
        answer: impl Fn(C) -> Result<C::Reply, Status> + Clone + Send + Sync + 'static,
    ) -> Self {
        let route = move |request: HttpRequest| {
            let answer = answer.clone();
            let reply = tower::service_fn(move |request: Request<C>| {
                std::future::ready(answer(request.into_inner()).map(Response::new))
            });
            async move {
                let mut grpc = Grpc::new(ProstCodec::<C::Reply, C>::default());
                grpc.unary(reply, request).await.map(axum::body::Body::new)
            }
        };
        Self {
            router: self.router.route(C::METHOD, post(route)),
        }
    }

    /// Listens on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn serve(self) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap_or_else(|error| panic!("no port for a made-up peer: {error}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|error| panic!("no address: {error}"));
        let mut server = JoinSet::new();
        let routes = Server::builder().add_routes(Routes::from(self.router));
        server.spawn(async move {
            if let Err(error) = routes.serve_with_incoming(TcpIncoming::from(listener)).await {
                tracing::error!(%error, "a made-up peer ended");
            }
        });
        Serving {
            address,
            _server: server,
        }
    }
}
