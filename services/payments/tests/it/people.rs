//! Members as payments sees it: it knows names.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::Response;
use proto::studio::members::v1::{ResolveNameRequest, ResolveNameResponse};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::service::Routes;
use tonic_prost::ProstCodec;

/// Of whoever was given none.
pub const NAME: &str = "林晓雨";

#[derive(Debug, Default)]
struct Known {
    names: HashMap<String, String>,
    erased: HashSet<String>,
}

/// The server; it ends with this value.
pub struct People {
    known: Arc<Mutex<Known>>,
    pub address: SocketAddr,
    _server: JoinSet<()>,
}

impl People {
    pub async fn start() -> Self {
        let known = Arc::<Mutex<Known>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().fallback(serve).with_state(known.clone());
        let server = tonic::transport::Server::builder().add_routes(Routes::from(router));
        let mut running = JoinSet::new();
        running.spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            server.serve_with_incoming(incoming).await.unwrap();
        });
        Self {
            known,
            address,
            _server: running,
        }
    }

    pub fn is_called(&self, person_id: &str, name: &str) {
        let mut known = self.known.lock().unwrap();
        known.names.insert(person_id.to_owned(), name.to_owned());
    }

    pub fn is_erased(&self, person_id: &str) {
        self.known.lock().unwrap().erased.insert(person_id.to_owned());
    }
}

async fn serve(State(known): State<Arc<Mutex<Known>>>, request: Request) -> Response {
    let answer = if request.uri().path().ends_with("/ResolveName") {
        let service = tower::service_fn(move |asked: tonic::Request<ResolveNameRequest>| {
            std::future::ready(name_of(&known.lock().unwrap(), &asked.into_inner().person_id))
        });
        Grpc::new(ProstCodec::<ResolveNameResponse, ResolveNameRequest>::default())
            .unary(service, request.map(Body::new))
            .await
    } else {
        Status::unimplemented(request.uri().path()).into_http()
    };
    answer.map(axum::body::Body::new)
}

fn name_of(known: &Known, person: &str) -> Result<tonic::Response<ResolveNameResponse>, Status> {
    if known.erased.contains(person) {
        return Err(Status::not_found("no person"));
    }
    let name = known.names.get(person).map_or(NAME, String::as_str).to_owned();
    Ok(tonic::Response::new(ResolveNameResponse { name }))
}
