//! Requests out, answers in. An answer counts only when WeChat Pay signed it;
//! everything else, from a time-out to a proxy's error page, is a doubt.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use kernel::Clock;
use reqwest::{Certificate, Client, Method, Url};
use serde::Serialize;

use super::BadAccount;
use super::keys::{MerchantKey, PlatformKeys};
use super::signature::{self, Signing};
use crate::config;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

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
    Unproved {
        status: u16,
        why: crate::channel::NoticeRefusal,
    },
}

#[derive(Debug)]
pub struct Transport {
    client: Client,
    base: Url,
    mchid: String,
    serial: String,
    merchant_key: MerchantKey,
    pub keys: PlatformKeys,
}

impl Transport {
    pub fn new(
        account: &config::WeChat,
        merchant_key: MerchantKey,
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
            mchid: account.mchid.clone(),
            serial: account.serial.to_ascii_uppercase(),
            merchant_key,
            keys,
        })
    }

    pub async fn get(&self, target: &str) -> Result<Answer, Doubt> {
        self.send(Method::GET, target, String::new()).await
    }

    pub async fn post(&self, target: &str, body: &impl Serialize) -> Result<Answer, Doubt> {
        self.send(
            Method::POST,
            target,
            serde_json::to_string(body).map_err(|_| Doubt::Unsent)?,
        )
        .await
    }

    /// `target` is path and query: the same bytes are signed and sent.
    async fn send(&self, method: Method, target: &str, body: String) -> Result<Answer, Doubt> {
        let nonce = kernel::fresh_uuid().simple().to_string();
        let who = Signing {
            mchid: &self.mchid,
            serial: &self.serial,
            timestamp: Clock::real().timestamp(),
            nonce: &nonce,
        };
        let authorization = signature::authorization(&self.merchant_key, who, method.as_str(), target, &body)
            .ok_or(Doubt::Unsent)?;
        let mut request = self
            .client
            .request(method, self.base.join(target).map_err(|_| Doubt::Unsent)?)
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("studio-payments/", env!("CARGO_PKG_VERSION")));
        if let Some(id) = self.keys.public_key_id() {
            request = request.header("Wechatpay-Serial", id);
        }
        self.read(request.body(body).send().await.map_err(Doubt::Transport)?)
            .await
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Answer, Doubt> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Doubt::Transport)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
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
        signature::verify(&self.keys, &headers, &body, Clock::real())
            .map_err(|why| Doubt::Unproved { status, why })?;
        Ok(Answer { status, body })
    }
}
