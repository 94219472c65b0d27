//! Somebody on the line between the channels and us who keeps what passes.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::world::{NOTIFY, World};

/// So many letters are kept, the newest of them.
const KEPT: usize = 400;

/// A callback as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Letter {
    /// As `/callbacks/wechat/house`.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

#[derive(Clone)]
pub struct Tap {
    line: Arc<Line>,
    _ear: Arc<JoinSet<()>>,
}

struct Line {
    http: reqwest::Client,
    /// Where payments listens.
    door: String,
    heard: Mutex<Vec<Letter>>,
}

impl Tap {
    /// Puts itself before the door of the callbacks.
    pub async fn open(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        let line = Arc::new(Line {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            door: format!("http://{}", world.it.listener("callbacks").unwrap()),
            heard: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(line.clone());
        let mut ear = JoinSet::new();
        ear.spawn(async move { axum::serve(listener, router).await.unwrap() });
        world.sim.route(NOTIFY, &here);
        world.alipay.route(NOTIFY, &here);
        Self {
            line,
            _ear: Arc::new(ear),
        }
    }

    /// Delivers a letter, whoever wrote it; the status of the answer.
    pub async fn deliver(&self, letter: &Letter) -> u16 {
        self.line.deliver(letter).await.0.as_u16()
    }

    /// Letters of a channel that payments believed.
    pub fn believed(&self, channel: &str) -> Vec<Letter> {
        let heard = self.line.heard.lock().unwrap();
        let of = |letter: &&Letter| letter.path.contains(channel);
        heard.iter().filter(of).cloned().collect()
    }
}

impl Line {
    async fn deliver(&self, letter: &Letter) -> (StatusCode, Bytes) {
        let sent = self
            .http
            .post(format!("{}{}", self.door, letter.path))
            .headers(letter.headers.clone())
            .body(letter.body.clone())
            .send()
            .await
            .unwrap();
        (sent.status(), sent.bytes().await.unwrap())
    }
}

async fn pass(State(line): State<Arc<Line>>, parts: Parts, body: Bytes) -> Response {
    let mut headers = parts.headers;
    headers.remove(http::header::HOST);
    headers.remove(http::header::CONTENT_LENGTH);
    let letter = Letter {
        path: parts.uri.path().to_owned(),
        headers,
        body: body.to_vec(),
    };
    let (status, said) = line.deliver(&letter).await;
    if status.is_success() {
        let mut heard = line.heard.lock().unwrap();
        heard.push(letter);
        if heard.len() > KEPT {
            heard.remove(0);
        }
    }
    (status, said).into_response()
}
