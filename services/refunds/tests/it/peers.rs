//! The services below refunds, as one server that answers any call of theirs
//! by the test's own words, and can refuse or lose an answer once.

use std::collections::{HashMap, VecDeque};
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use proto::Call;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// What happens to one call instead of its answer.
#[derive(Debug, Clone)]
pub enum Instead {
    /// Refused, and nothing done.
    Refuse(Status),
    /// Done, and the answer lost.
    LoseTheAnswer,
}

type Answering = std::pin::Pin<Box<dyn Future<Output = axum::http::Response<Body>> + Send>>;
type Handler = Arc<dyn Fn(axum::http::Request<Body>) -> Answering + Send + Sync>;
type Script = Arc<Mutex<HashMap<&'static str, VecDeque<Instead>>>>;

#[derive(Default, Clone)]
pub struct Peers {
    handlers: HashMap<&'static str, Handler>,
    script: Script,
}

/// The server; it ends with this value.
pub struct Serving {
    pub address: SocketAddr,
    script: Script,
    _server: JoinSet<()>,
}

impl Peers {
    /// Answers one call.
    pub fn on<C: Call>(
        mut self,
        answer: impl Fn(C) -> Result<C::Reply, Status> + Send + Sync + 'static,
    ) -> Self {
        let script = self.script.clone();
        let answer = Arc::new(move |ask: C| {
            let instead = script
                .lock()
                .unwrap()
                .get_mut(C::METHOD)
                .and_then(VecDeque::pop_front);
            match instead {
                Some(Instead::Refuse(status)) => Err(status),
                Some(Instead::LoseTheAnswer) => answer(ask).and(Err(Status::internal("the answer was lost"))),
                None => answer(ask),
            }
        });
        let handler: Handler = Arc::new(move |request| {
            let unary = Unary(answer.clone(), PhantomData);
            Box::pin(async move {
                Grpc::new(ProstCodec::<C::Reply, C>::default())
                    .unary(unary, request)
                    .await
            })
        });
        self.handlers.insert(C::METHOD, handler);
        self
    }

    pub async fn serve(self) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = self.script.clone();
        let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let handler = self.handlers.get(request.uri().path()).cloned();
            async move {
                match handler {
                    Some(handler) => handler(request.map(Body::new)).await.map(axum::body::Body::new),
                    None => Status::unimplemented("not played").into_http(),
                }
            }
        });
        let server_of_all = tonic::transport::Server::builder().add_routes(Routes::from(router));
        let mut server = JoinSet::new();
        server.spawn(async move {
            server_of_all
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Serving {
            address,
            script,
            _server: server,
        }
    }
}

impl Serving {
    /// The next calls of this kind, one after the other, go otherwise.
    pub fn instead<C: Call>(&self, what: impl IntoIterator<Item = Instead>) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.entry(C::METHOD).or_default().extend(what);
    }
}

struct Unary<C, F>(Arc<F>, PhantomData<fn(C)>);

impl<C: Call, F: Fn(C) -> Result<C::Reply, Status>> UnaryService<C> for Unary<C, F> {
    type Response = C::Reply;
    type Future = Ready<Result<Response<C::Reply>, Status>>;

    fn call(&mut self, request: Request<C>) -> Self::Future {
        ready((self.0)(request.into_inner()).map(Response::new))
    }
}
