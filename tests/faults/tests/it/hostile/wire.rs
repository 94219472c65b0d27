//! Calls as bytes: whatever a client library would never send, and what comes
//! back for it.

use std::time::{Duration, Instant};

use h2::client::SendRequest;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use platform::token::{PERSON_HEADER, SERVICE_HEADER};
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngCore as _};
use testkit::Identity;
use tokio::net::TcpStream;
use tonic::service::Interceptor as _;
use tonic::{Code, Status};

use super::mutate;

/// What somebody sends.
pub struct Sent {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How long the sender waits, where it says so.
    pub patience: Option<Duration>,
}

/// What came back, and when.
pub struct Came {
    pub what: Answer,
    pub took: Duration,
}

#[derive(Debug)]
pub enum Answer {
    Status(Status),
    Reply(Bytes),
    Http(u16),
    /// The connection or the stream broke.
    Broken(String),
}

/// The connection of one stranger to one service: whoever breaks it breaks
/// nobody else's.
pub struct Line {
    address: String,
    open: Option<SendRequest<Bytes>>,
}

impl Line {
    pub fn to(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            open: None,
        }
    }

    /// Sends it and waits for the whole answer; of a stream for its first message.
    pub async fn ask(&mut self, sent: Sent, streams: bool) -> Came {
        let began = Instant::now();
        let what = match tokio::time::timeout(Duration::from_mins(1), self.try_ask(sent, streams)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(broken)) => {
                self.open = None;
                Answer::Broken(broken.to_string())
            }
            Err(_) => Answer::Broken("no answer for a minute".to_owned()),
        };
        Came {
            what,
            took: began.elapsed(),
        }
    }

    async fn try_ask(&mut self, sent: Sent, streams: bool) -> Result<Answer, h2::Error> {
        let address = &self.address;
        let uri = format!("http://{address}{}", sent.path);
        let Ok(mut request) = Request::post(uri).body(()) else {
            return Ok(Answer::Http(0)); // not even an address
        };
        *request.headers_mut() = sent.headers;
        if self.open.is_none() {
            let tcp = TcpStream::connect(address).await.unwrap();
            let (open, connection) = h2::client::handshake(tcp).await?;
            #[expect(clippy::disallowed_methods, reason = "ends with the connection")]
            drop(tokio::spawn(connection));
            self.open = Some(open);
        }
        let ready = self.open.clone().unwrap().ready().await;
        let (answer, mut body) = ready
            .inspect_err(|_| self.open = None)?
            .send_request(request, false)?;
        // Whoever is turned away by the head alone may have closed the stream already.
        let sending = body.send_data(sent.body, true);
        let (head, mut body) = match answer.await {
            Ok(answer) => answer.into_parts(),
            Err(broken) => return Err(sending.err().unwrap_or(broken)),
        };
        if let Some(status) = Status::from_header_map(&head.headers) {
            return Ok(Answer::Status(status));
        }
        if head.status != 200 {
            return Ok(Answer::Http(head.status.as_u16()));
        }
        let mut all = BytesMut::new();
        while let Some(data) = body.data().await {
            let data = data?;
            body.flow_control().release_capacity(data.len())?;
            all.put(data);
            if streams {
                return Ok(Answer::Reply(Bytes::new()));
            }
        }
        let ended = body.trailers().await?;
        Ok(match ended.as_ref().and_then(Status::from_header_map) {
            Some(status) if status.code() != Code::Ok => Answer::Status(status),
            _ => Answer::Reply(all.freeze()),
        })
    }
}

impl Sent {
    /// A message as a client library sends it.
    pub fn new(path: &str, who: &Identity, message: &[u8], patience: Option<Duration>) -> Self {
        let signed = who.clone().call(tonic::Request::new(())).unwrap();
        let mut headers = signed.into_parts().0.into_headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("te", HeaderValue::from_static("trailers"));
        if let Some(patience) = patience {
            let ms = format!("{}m", patience.as_millis());
            headers.insert("grpc-timeout", ms.parse().unwrap());
        }
        Self {
            path: path.to_owned(),
            headers,
            body: frame(0, message.len(), message),
            patience,
        }
    }

    /// Spoils what stands around the message, and says how.
    pub fn spoil_frame(&mut self, chance: &mut StdRng) -> &'static str {
        let message = self.body.slice(5..);
        let (body, how) = match chance.random_range(0..9) {
            0 => (
                frame(0, message.len() + chance.random_range(1..5_000), &message),
                "a frame that ends too early",
            ),
            1 => (
                frame(0, message.len() / 2, &message),
                "a frame that ends too late",
            ),
            2 => (
                frame(0, usize::try_from(u32::MAX).unwrap(), &message),
                "a frame of four gigabytes",
            ),
            3 => (frame(1, message.len(), &message), "compressed with nothing"),
            4 => {
                let encoding = *["gzip", "zstd", "identity", "\u{7f}"].choose(chance).unwrap();
                if let Ok(encoding) = HeaderValue::from_str(encoding) {
                    self.headers.insert("grpc-encoding", encoding);
                }
                (
                    frame(1, message.len(), &message),
                    "compressed with something else",
                )
            }
            5 => (
                frame(chance.random_range(2..=255), message.len(), &message),
                "a flag that means nothing",
            ),
            6 => {
                let cut = self.body.len().min(chance.random_range(0..5));
                (self.body.slice(..cut), "not even a head")
            }
            7 => (
                [self.body.clone(), self.body.clone()].concat().into(),
                "two messages",
            ),
            _ => (frame(0, 0, b"").repeat(1_000).into(), "a thousand empty messages"),
        };
        self.body = body;
        how
    }

    /// Spoils what comes before the message, and says how.
    pub fn spoil_head(&mut self, chance: &mut StdRng) -> &'static str {
        match chance.random_range(0..8) {
            0 => {
                const KINDS: [&str; 8] = [
                    "text/plain",
                    "application/json",
                    "application/grpc+json",
                    "application/grpc-web",
                    "application/grpc-web+proto",
                    "application/grpc-web-text",
                    "application/grpcx",
                    "\t",
                ];
                self.put(CONTENT_TYPE, KINDS.choose(chance).unwrap().as_bytes());
                "another type of content"
            }
            1 => {
                let token = token(chance);
                let name = *[PERSON_HEADER, SERVICE_HEADER].choose(chance).unwrap();
                self.put(HeaderName::from_static(name), &token);
                "a token that is none"
            }
            2 => {
                let swapped = self.headers.remove(AUTHORIZATION);
                let other = self.headers.remove(SERVICE_HEADER);
                swapped.map(|s| self.headers.insert(SERVICE_HEADER, s));
                other.map(|o| self.headers.insert(AUTHORIZATION, o));
                "tokens in each other's place"
            }
            3 => {
                const TIMES: [&str; 10] = [
                    "",
                    "S",
                    "0S",
                    "1n",
                    "99999999H",
                    "999999999999S",
                    "-1S",
                    "1X",
                    "NaN",
                    "0000000m",
                ];
                self.put(
                    HeaderName::from_static("grpc-timeout"),
                    TIMES.choose(chance).unwrap().as_bytes(),
                );
                self.patience = None;
                "a deadline that is none"
            }
            4 => {
                const TRACES: [&str; 7] = [
                    "",
                    "00",
                    "00-00000000000000000000000000000000-0000000000000000-01",
                    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01-extra",
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz",
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\u{e9}",
                ];
                self.put(
                    HeaderName::from_static("traceparent"),
                    TRACES.choose(chance).unwrap().as_bytes(),
                );
                self.put(
                    HeaderName::from_static("tracestate"),
                    "a=b,".repeat(chance.random_range(1..600)).as_bytes(),
                );
                "a trace that is none"
            }
            5 => {
                let size = *[100, 4_000, 17_000, 60_000].choose(chance).unwrap();
                self.put(
                    HeaderName::from_static("x-very-long"),
                    "x".repeat(size).as_bytes(),
                );
                "a header that is too long"
            }
            6 => {
                for n in 0..*[50, 400].choose(chance).unwrap() {
                    let name = format!("x-{n}-bin").parse().unwrap();
                    self.put(name, b"not base64!");
                }
                "very many headers"
            }
            _ => {
                const TAILS: [&str; 5] = ["s", "/", "/Nothing", "%00", "?x=1"];
                self.path.push_str(TAILS.choose(chance).unwrap());
                "a call that does not exist"
            }
        }
    }

    fn put(&mut self, name: HeaderName, value: &[u8]) {
        // What not even this library can send is left out.
        if let Ok(value) = HeaderValue::from_bytes(value) {
            self.headers.append(name, value);
        }
    }
}

fn token(chance: &mut StdRng) -> Vec<u8> {
    const TOKENS: [&str; 7] = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Basic d3U6d3U=",
        "Bearer eyJhbGciOiJub25lIiwia2lkIjoicGVyc29uIn0.eyJzdWIiOiJ3dSJ9.",
        "Bearer eyJhbGciOiJFZERTQSJ9.bnVsbA.AAAA",
    ];
    match chance.random_range(0..4) {
        0 => {
            let mut random = vec![0; chance.random_range(1..100)];
            chance.fill_bytes(&mut random);
            random
        }
        1 => format!("Bearer {}", mutate::text(chance)).into_bytes(),
        _ => TOKENS.choose(chance).unwrap().as_bytes().to_vec(),
    }
}

fn frame(flag: u8, length: usize, message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(flag);
    framed.put_u32(u32::try_from(length).unwrap());
    framed.put_slice(message);
    framed.freeze()
}
