//! Requests out, answers in. An answer counts only when Alipay signed it, its
//! errors too; everything else, from a time-out to a proxy's error page, is a doubt.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, USER_AGENT};
use kernel::Clock;
use reqwest::{Certificate, Client, Url};
use serde::{Deserialize, Serialize};

use super::BadAccount;
use super::certificates::Unbelieved;
use super::flow::wire_time;
use super::keys::{AlipayKeys, CertificateNames};
use super::signature::{self, Fields, Parts};
use crate::channel::rsa::SigningKey;
use crate::config;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// Under this name the gateway answers what it takes for no call at all.
const ERROR_PART: &str = "error_response";
/// The method that gives out Alipay's certificates.
const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
const AGENT: &str = concat!("studio-payments/", env!("CARGO_PKG_VERSION"));

/// An answer that Alipay signed.
#[derive(Debug)]
pub struct Answer {
    pub code: String,
    pub sub_code: String,
    /// All of it, as JSON.
    pub text: String,
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
    #[error("the answer with status {0} is none of the gateway's")]
    Garbled(u16),
    #[error("the answer {0} is not signed")]
    Unsigned(String),
    #[error("the answer is signed by a certificate that is not known here")]
    UnknownKey(String),
    #[error("the signature of the answer does not hold")]
    BadSignature,
    #[error("the certificate that was downloaded is not believed")]
    Certificate(#[source] Unbelieved),
}

#[derive(Deserialize)]
struct Downloaded {
    alipay_cert_content: String,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    code: String,
    #[serde(default)]
    sub_code: String,
}

#[derive(Debug)]
pub struct Transport {
    client: Client,
    gateway: Url,
    app_id: String,
    notify_url: String,
    key: SigningKey,
    names: Option<CertificateNames>,
    pub keys: AlipayKeys,
}

impl Transport {
    pub fn new(
        account: &config::Alipay,
        key: SigningKey,
        keys: AlipayKeys,
        names: Option<CertificateNames>,
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
        let mut gateway = Url::parse(&account.base_url).map_err(|_| BadAccount::Address("base_url"))?;
        // the gateway decodes the form before it reads in it how
        gateway.set_query(Some("charset=utf-8"));
        Ok(Self {
            client: builder.build().map_err(BadAccount::Client)?,
            gateway,
            app_id: account.app_id.clone(),
            notify_url: account.notify_url.clone(),
            key,
            names,
            keys,
        })
    }

    /// Calls `method`, as `alipay.trade.query`.
    pub async fn call(&self, method: &str, content: &impl Serialize) -> Result<Answer, Doubt> {
        self.send(method, content, None).await
    }

    /// As [`Self::call`], for what Alipay sends notifications about.
    pub async fn call_with_notice(&self, method: &str, content: &impl Serialize) -> Result<Answer, Doubt> {
        self.send(method, content, Some(&self.notify_url)).await
    }

    async fn send(
        &self,
        method: &str,
        content: &impl Serialize,
        notify_url: Option<&str>,
    ) -> Result<Answer, Doubt> {
        let content = serde_json::to_string(content).map_err(|_| Doubt::Unsent)?;
        let (status, body) = self.post(method, &content, notify_url).await?;
        let mut answer = self.proved(method, status, &body);
        if let Err(Doubt::UnknownKey(name)) = &answer {
            self.learn(name).await;
            answer = self.proved(method, status, &body);
        }
        let code = answer.as_ref().map(|a| format!("{} {}", a.code, a.sub_code));
        tracing::info!(
            alipay.method = method,
            alipay.code = code.unwrap_or_default().trim_end(),
            http.status = status,
            "Alipay answered"
        );
        answer
    }

    /// The status and the body of what is answered.
    async fn post(
        &self,
        method: &str,
        content: &str,
        notify_url: Option<&str>,
    ) -> Result<(u16, Vec<u8>), Doubt> {
        let form = self.form(method, content, notify_url).ok_or(Doubt::Unsent)?;
        let response = self
            .client
            .post(self.gateway.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=utf-8")
            .header(USER_AGENT, AGENT)
            .body(form)
            .send()
            .await
            .map_err(Doubt::Transport)?;
        let status = response.status().as_u16();
        Ok((status, body_of(response, MAX_ANSWER_BYTES).await?))
    }

    /// Downloads the certificate of that name, unless somebody did just now.
    async fn learn(&self, name: &str) {
        let AlipayKeys::Certificates(certificates) = &self.keys else {
            return;
        };
        let Some(turn) = certificates.turn(name).await else {
            return;
        };
        let taken_in = match self.download_certificate(name).await {
            Ok(pem) => certificates
                .take_in(name, &pem, Clock::real())
                .map_err(Doubt::Certificate),
            Err(doubt) => Err(doubt),
        };
        match &taken_in {
            Ok(()) => tracing::info!(alipay.certificate = name, "a new certificate of Alipay's is held"),
            Err(doubt) => tracing::warn!(
                alipay.certificate = name,
                error = platform::telemetry::chain(doubt),
                "a certificate of Alipay's cannot be held"
            ),
        }
        turn.end(taken_in.is_ok());
    }

    /// What it answers is signed by nobody, and not believed for that.
    async fn download_certificate(&self, name: &str) -> Result<String, Doubt> {
        let content = serde_json::json!({ "alipay_cert_sn": name }).to_string();
        let (status, body) = self.post(DOWNLOAD, &content, None).await?;
        let garbled = || Doubt::Garbled(status);
        let parts = std::str::from_utf8(&body).ok().and_then(Parts::of);
        let parts = parts.ok_or_else(garbled)?;
        let text = parts.text(&part_of(DOWNLOAD)).ok_or_else(garbled)?;
        let found: Downloaded = serde_json::from_str(text).map_err(|_| garbled())?;
        let pem = STANDARD
            .decode(found.alipay_cert_content)
            .map_err(|_| garbled())?;
        String::from_utf8(pem).map_err(|_| garbled())
    }

    /// The fields of a request, signed. `None` if the key refuses.
    fn form(&self, method: &str, content: &str, notify_url: Option<&str>) -> Option<String> {
        let mut fields = Fields::new();
        let mut put = |name: &str, value: &str| {
            fields.insert(name.to_owned(), value.as_bytes().to_vec());
        };
        put("app_id", &self.app_id);
        put("method", method);
        put("format", "JSON");
        put("charset", "utf-8");
        put("sign_type", "RSA2");
        put("timestamp", &wire_time(Clock::real()));
        put("version", "1.0");
        put("notify_url", notify_url.unwrap_or_default());
        put("biz_content", content);
        if let Some(names) = &self.names {
            put("app_cert_sn", &names.app);
            put("alipay_root_cert_sn", &names.root);
        }
        fields.retain(|_, value| !value.is_empty());
        let sign = self.key.sign(&signature::content(&fields, signature::SIGN))?;
        fields.insert("sign".to_owned(), STANDARD.encode(sign).into_bytes());
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &fields {
            form.append_pair(name, std::str::from_utf8(value).ok()?);
        }
        Some(form.finish())
    }

    /// The one part of an answer, when its signature holds over its very text.
    fn proved(&self, method: &str, status: u16, body: &[u8]) -> Result<Answer, Doubt> {
        let garbled = || Doubt::Garbled(status);
        let body = std::str::from_utf8(body).map_err(|_| garbled())?;
        let parts = Parts::of(body).ok_or_else(garbled)?;
        let text = parts
            .text(&part_of(method))
            .or_else(|| parts.text(ERROR_PART))
            .ok_or_else(garbled)?;
        let head: Head = serde_json::from_str(text).map_err(|_| garbled())?;
        let sign = parts
            .word("sign")
            .ok_or_else(|| Doubt::Unsigned(format!("{} {}", head.code, head.sub_code)))?;
        let named = parts.word("alipay_cert_sn");
        match self.keys.hold(named.as_deref(), text.as_bytes(), &sign) {
            None => Err(Doubt::UnknownKey(named.unwrap_or_default())),
            Some(false) => Err(Doubt::BadSignature),
            Some(true) => Ok(Answer {
                code: head.code,
                sub_code: head.sub_code,
                text: text.to_owned(),
            }),
        }
    }

    /// Fetches what an address that Alipay signed points to, up to `most` bytes.
    /// What comes from there is signed by nobody.
    pub async fn fetch(&self, address: &str, most: usize) -> Result<Vec<u8>, Doubt> {
        let address = Url::parse(address).map_err(|_| Doubt::Unsent)?;
        if address.scheme() != "https" && address.scheme() != self.gateway.scheme() {
            return Err(Doubt::Unsent);
        }
        let asked = self.client.get(address).header(USER_AGENT, AGENT).send().await;
        let response = asked.map_err(Doubt::Transport)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Doubt::Garbled(status));
        }
        body_of(response, most).await
    }
}

/// The part of an answer in which a method's result stands.
fn part_of(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

async fn body_of(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, Doubt> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Doubt::Transport)? {
        if body.len() + chunk.len() > most {
            return Err(Doubt::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
