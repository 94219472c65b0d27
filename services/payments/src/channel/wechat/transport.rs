//! Requests out, answers in. An answer counts only when WeChat Pay signed it;
//! everything else, from a time-out to a proxy's error page, is a doubt.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use kernel::Clock;
use reqwest::{Certificate, Client, Method, Url};
use serde::Serialize;

use super::keyring::{Keyring, Reason, Rhythm, Untaken};
use super::keys::PlatformKeys;
use super::resource::ResourceKey;
use super::signers::Signers;
use super::{BadAccount, signature, verdict};
use crate::channel::{NoticeRefusal, Outcome};
use crate::config;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// The largest file that is fetched, packed.
const MAX_DOWNLOAD_BYTES: usize = 128 * 1024 * 1024;
const CERTIFICATES: &str = "/v3/certificates";

/// An answer that WeChat Pay signed.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why there is no answer to believe: the request may have had its effect.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    #[error("the request could not be made")]
    Unsent,
    #[error("no answer in time, or the connection broke")]
    Transport(#[source] reqwest::Error),
    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer with status {status} is not proved: {why}")]
    Unproved { status: u16, why: NoticeRefusal },
    #[error("nothing but the status {status}")]
    Failed { status: u16 },
    #[error("the platform certificates were not taken in")]
    Certificates(#[source] Untaken),
}

/// Whatever came back, before it is believed.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// One request. The same bytes of `target`, which is path and query, are signed
/// and sent.
struct Request<'a> {
    method: Method,
    target: &'a str,
    body: String,
    /// The key of WeChat Pay's with which fields are sealed.
    sealed_with: Option<String>,
    most_bytes: usize,
    /// How long it may take, where not as long as others.
    patience: Option<Duration>,
}

impl<'a> Request<'a> {
    fn get(target: &'a str) -> Self {
        Self {
            method: Method::GET,
            target,
            body: String::new(),
            sealed_with: None,
            most_bytes: MAX_ANSWER_BYTES,
            patience: None,
        }
    }
}

#[derive(Debug)]
pub struct Transport {
    client: Client,
    base: Url,
    download_patience: Duration,
    signers: Signers,
    resource_key: ResourceKey,
    pub keyring: Keyring,
}

impl Transport {
    pub fn new(
        account: &config::WeChat,
        resource_key: ResourceKey,
        keys: PlatformKeys,
    ) -> Result<Self, BadAccount> {
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_millis(account.connect_timeout_ms))
            .timeout(Duration::from_millis(account.timeout_ms));
        if let Some(ca) = account.ca_file.get() {
            let roots = Certificate::from_pem_bundle(ca.expose().as_bytes()).map_err(BadAccount::Client)?;
            builder = builder.tls_certs_only(roots);
        }
        Ok(Self {
            client: builder.build().map_err(BadAccount::Client)?,
            base: Url::parse(&account.base_url).map_err(|_| BadAccount::Address("base_url"))?,
            download_patience: Duration::from_millis(account.download_timeout_ms),
            signers: Signers::new(account)?,
            resource_key,
            keyring: Keyring::new(
                keys,
                Rhythm {
                    every: Duration::from_secs(account.renew_keys_s),
                    pause: Duration::from_secs(account.renew_pause_s),
                },
            ),
        })
    }

    pub fn resource_key(&self) -> &ResourceKey {
        &self.resource_key
    }

    pub async fn get(&self, target: &str) -> Result<Answer, Doubt> {
        self.ask(&Request::get(target)).await
    }

    pub async fn post(&self, target: &str, body: &impl Serialize) -> Result<Answer, Doubt> {
        self.post_sealed(target, body, None).await
    }

    /// As [`Transport::post`], with fields that are sealed with a key of WeChat Pay's.
    pub async fn post_sealed(
        &self,
        target: &str,
        body: &impl Serialize,
        sealed_with: Option<String>,
    ) -> Result<Answer, Doubt> {
        let request = Request {
            method: Method::POST,
            body: serde_json::to_string(body).map_err(|_| Doubt::Unsent)?,
            sealed_with,
            ..Request::get(target)
        };
        self.ask(&request).await
    }

    /// Fetches what a signed answer named by its address. It comes unsigned: the
    /// caller compares a digest. `None` when the address has expired. Only path
    /// and query of the address count: nothing makes us ask another host.
    pub async fn download(&self, address: &str) -> Result<Option<Vec<u8>>, Doubt> {
        let address = Url::parse(address).map_err(|_| Doubt::Unsent)?;
        let target = match address.query() {
            Some(query) => format!("{}?{query}", address.path()),
            None => address.path().to_owned(),
        };
        let request = Request {
            most_bytes: MAX_DOWNLOAD_BYTES,
            patience: Some(self.download_patience),
            ..Request::get(&target)
        };
        let active = self.signers.order().next().unwrap_or_default();
        let reply = self.send(&request, active).await?;
        match reply.status {
            200 => Ok(Some(reply.body)),
            400..500 => Ok(None),
            status => Err(Doubt::Failed { status }),
        }
    }

    /// What a page hands to WeChat, signed by the merchant, in base64.
    pub fn sign_call(&self, app: &str, timestamp: &str, nonce: &str, package: &str) -> Option<String> {
        let message = signature::call_message(app, timestamp, nonce, package);
        self.signers.sign(&message).map(|s| STANDARD.encode(s))
    }

    /// Fetches newer platform certificates when it is time. Whether there are
    /// such keys to be had now.
    pub async fn renew(&self, reason: Reason) -> bool {
        let Some(turn) = self.keyring.turn(reason).await else {
            return true;
        };
        let renewed = self.fetch_certificates().await;
        if let Err(doubt) = &renewed {
            tracing::warn!(
                error = platform::telemetry::chain(doubt),
                "no newer platform certificates of WeChat Pay"
            );
        }
        let renewed = renewed.is_ok();
        turn.end(renewed);
        renewed
    }

    async fn fetch_certificates(&self) -> Result<(), Doubt> {
        let active = self.signers.order().next().unwrap_or_default();
        let reply = self.send(&Request::get(CERTIFICATES), active).await?;
        let now = Clock::real();
        if reply.status != 200 {
            let answer = self.prove(reply)?;
            // merchants that began with a public key have no certificates
            return match verdict::of::<()>(&answer) {
                Outcome::NotFound => Ok(()),
                _ => Err(Doubt::Failed {
                    status: answer.status,
                }),
            };
        }
        self.keyring
            .take_in(&reply.headers, &reply.body, &self.resource_key, now)
            .map_err(Doubt::Certificates)
    }

    /// Asks, and looks for newer keys beside when it is time; without any key
    /// they come first, since no answer could be believed. An answer that is signed
    /// with a key not held stays a doubt, and whoever asks again has the key.
    async fn ask(&self, request: &Request<'_>) -> Result<Answer, Doubt> {
        if self.keyring.keys().is_empty() {
            self.renew(Reason::Unknown).await;
        }
        let (answer, _) = futures::join!(self.ask_with_any(request), self.renew(Reason::Time));
        if matches!(
            &answer,
            Err(Doubt::Unproved {
                why: NoticeRefusal::UnknownKey,
                ..
            })
        ) {
            self.renew(Reason::Unknown).await;
        }
        answer
    }

    /// A key that WeChat Pay does not take, or no longer, is followed by the next:
    /// what it turned away so was not carried out.
    async fn ask_with_any(&self, request: &Request<'_>) -> Result<Answer, Doubt> {
        let mut last = Err(Doubt::Unsent);
        for at in self.signers.order() {
            let answer = self.prove(self.send(request, at).await?)?;
            if !verdict::is_unsigned(&answer) {
                self.signers.taken(at);
                return Ok(answer);
            }
            last = Ok(answer);
        }
        last
    }

    async fn send(&self, request: &Request<'_>, signer: usize) -> Result<Reply, Doubt> {
        let Request {
            method, target, body, ..
        } = request;
        let authorization = self
            .signers
            .authorization(signer, method.as_str(), target, body)
            .ok_or(Doubt::Unsent)?;
        let mut sent = self
            .client
            .request(method.clone(), self.base.join(target).map_err(|_| Doubt::Unsent)?)
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("studio-payments/", env!("CARGO_PKG_VERSION")));
        let keys = self.keyring.keys();
        if let Some(id) = request.sealed_with.as_deref().or(keys.public_key_id()) {
            sent = sent.header("Wechatpay-Serial", id);
        }
        if let Some(patience) = request.patience {
            sent = sent.timeout(patience);
        }
        let response = sent.body(body.clone()).send().await.map_err(Doubt::Transport)?;
        read(response, request.most_bytes).await
    }

    fn prove(&self, reply: Reply) -> Result<Answer, Doubt> {
        let Reply {
            status,
            headers,
            body,
        } = reply;
        self.keyring
            .prove(&headers, &body, Clock::real())
            .map_err(|why| Doubt::Unproved { status, why })?;
        Ok(Answer { status, body })
    }
}

async fn read(mut response: reqwest::Response, most_bytes: usize) -> Result<Reply, Doubt> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Doubt::Transport)? {
        if body.len() + chunk.len() > most_bytes {
            return Err(Doubt::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let id = headers
        .get("request-id")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    tracing::info!(
        wechat.request_id = id,
        http.status = status,
        "WeChat Pay answered"
    );
    Ok(Reply {
        status,
        headers,
        body,
    })
}
