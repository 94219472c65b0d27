//! What leaves, signed, or spoiled on purpose.

use anyhow::{Context as _, Result};
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::calls::Call;
use super::{TIME_OUT, system_error};
use crate::wechat::fields::Problem;
use crate::wechat::script::Fails;
use crate::wechat::sign::{PROBE, SCHEME, answer_text};
use crate::wechat::{Inner, lock, nonce};

/// What is answered, before it is signed.
pub type Answer = Result<(StatusCode, Option<Value>), Problem>;

impl Inner {
    /// What is answered instead of carrying a call out.
    pub(super) fn undone(&self, fault: Option<Fails>, wanted: Option<&str>) -> Option<Response> {
        match fault? {
            Fails::SystemError => Some(self.answer(Err(system_error()), None, wanted)),
            Fails::RateLimited => {
                let problem = Problem::new(429, "FREQUENCY_LIMITED", "slow down");
                Some(self.answer(Err(problem), None, wanted))
            }
            Fails::BadGateway => {
                let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
                Some((StatusCode::BAD_GATEWAY, page).into_response())
            }
            _ => None,
        }
    }

    /// Signs what leaves, empty bodies and errors too, with the key that the
    /// request wants.
    pub(super) fn answer(&self, answer: Answer, fault: Option<Fails>, wanted: Option<&str>) -> Response {
        let (status, body) = match answer {
            Ok((status, body)) => (status, body.map(|b| b.to_string()).unwrap_or_default()),
            Err(problem) => {
                tracing::info!(code = problem.code, why = problem.message, "refused");
                let body = json!({ "code": problem.code, "message": problem.message });
                (
                    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST),
                    body.to_string(),
                )
            }
        };
        let (timestamp, nonce) = (Self::now().timestamp().to_string(), nonce(32));
        let signed = match fault {
            Some(Fails::BadSignature) => b"something else".to_vec(),
            _ => answer_text(&timestamp, &nonce, body.as_bytes()),
        };
        let Ok((mut signature, mut serial)) = self.signed_by(wanted, &signed) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        match fault {
            Some(Fails::SignTest) => signature = format!("{PROBE}{signature}"),
            Some(Fails::UnknownSerial) => "0".repeat(40).clone_into(&mut serial),
            _ => {}
        }
        let headers = [
            ("Wechatpay-Timestamp", timestamp),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Signature", signature),
            ("Wechatpay-Serial", serial),
            ("Wechatpay-Signature-Type", SCHEME.to_owned()),
            ("Request-ID", format!("{}-0", kernel::fresh_uuid().simple())),
        ];
        let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        let body = if fault == Some(Fails::SlowBody) {
            slow(body.into_bytes().into())
        } else {
            Body::from(body)
        };
        (status, headers, kind, body).into_response()
    }

    /// The signature, and the name of the key it is by.
    pub(in crate::wechat) fn signed_by(&self, wanted: Option<&str>, text: &[u8]) -> Result<(String, String)> {
        let keyring = lock(&self.keyring);
        let named = keyring.signer(wanted).context("no key to sign with")?;
        Ok((named.key.sign(text)?, named.id.clone()))
    }

    /// The file behind a bill's address: nobody signs it.
    pub(super) async fn download(&self, call: &Call<'_>, fault: Option<Fails>) -> Response {
        let Some(file) = lock(&self.bills).download(call.query) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        match fault {
            Some(Fails::DoneButTimeOut) => tokio::time::sleep(TIME_OUT).await,
            Some(Fails::DoneButSystemError) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Some(Fails::SlowBody) => return slow(file.into()).into_response(),
            _ => {}
        }
        ([(header::CONTENT_TYPE, "application/octet-stream")], file).into_response()
    }
}

/// Half at once, and the rest when nobody waits any more.
fn slow(mut body: Bytes) -> Body {
    let rest = body.split_off(body.len() / 2);
    let late = stream::once(async move {
        tokio::time::sleep(TIME_OUT).await;
        Ok::<_, std::io::Error>(rest)
    });
    Body::from_stream(stream::iter([Ok(body)]).chain(late))
}
