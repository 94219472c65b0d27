//! What is signed, byte by byte, and the headers that carry it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use kernel::Timestamp;

use super::keys::{MerchantKey, PlatformKeys};
use crate::channel::NoticeRefusal;

/// The scheme of both directions.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// With this WeChat Pay tests whether signatures are looked at.
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// How far the time of a signature may be from ours.
const WINDOW_SECONDS: i64 = 300;

/// What of a request is signed. `target` is path and query as on the wire.
pub fn request_message(method: &str, target: &str, timestamp: i64, nonce: &str, body: &str) -> String {
    format!("{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n")
}

/// What of an answer or a callback is signed, over the raw body.
pub fn answer_message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

/// What is signed for the payer's app to call up a payment: `package` is
/// `prepay_id=…` in a mini-program and on a page, the bare number in an app.
pub fn call_message(appid: &str, timestamp: &str, nonce: &str, package: &str) -> String {
    format!("{appid}\n{timestamp}\n{nonce}\n{package}\n")
}

/// Who signs a request, when, and with which nonce.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    pub mchid: &'a str,
    /// Of the merchant's API certificate, in capital hex.
    pub serial: &'a str,
    pub timestamp: i64,
    pub nonce: &'a str,
}

/// The header `Authorization` of a request. `None` if the key refuses.
pub fn authorization(
    key: &MerchantKey,
    who: Signing<'_>,
    method: &str,
    target: &str,
    body: &str,
) -> Option<String> {
    let Signing {
        mchid,
        serial,
        timestamp,
        nonce,
    } = who;
    let message = request_message(method, target, timestamp, nonce, body);
    let signature = STANDARD.encode(key.sign(message.as_bytes())?);
    Some(format!(
        "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\",signature=\"{signature}\""
    ))
}

/// Proves that WeChat Pay signed these bytes within five minutes of `now`.
pub fn verify(
    keys: &PlatformKeys,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), NoticeRefusal> {
    let signature = header(headers, "wechatpay-signature")?;
    if signature.starts_with(PROBE) {
        return Err(NoticeRefusal::Probe);
    }
    let scheme = headers.get("wechatpay-signature-type");
    if scheme.is_some_and(|scheme| scheme.as_bytes() != SCHEME.as_bytes()) {
        return Err(NoticeRefusal::Headers);
    }
    let (timestamp, nonce) = (
        header(headers, "wechatpay-timestamp")?,
        header(headers, "wechatpay-nonce")?,
    );
    let key = keys.get(header(headers, "wechatpay-serial")?, now);
    let seconds: i64 = timestamp.parse().map_err(|_| NoticeRefusal::Headers)?;
    if now.timestamp().saturating_sub(seconds).saturating_abs() > WINDOW_SECONDS {
        return Err(NoticeRefusal::Stale);
    }
    let key = key.ok_or(NoticeRefusal::UnknownKey)?;
    let signature = STANDARD
        .decode(signature)
        .map_err(|_| NoticeRefusal::BadSignature)?;
    let holds = key.holds(&answer_message(timestamp, nonce, body), &signature);
    if holds {
        Ok(())
    } else {
        Err(NoticeRefusal::BadSignature)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, NoticeRefusal> {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .ok_or(NoticeRefusal::Headers)
}
