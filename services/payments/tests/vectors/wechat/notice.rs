//! Callbacks as they were kept: proved by the key in the file, refused in every
//! changed form, and opened.

use std::time::Duration;

use anyhow::{Context as _, Result};
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::Timestamp;
use payments::channel::NoticeRefusal;
use payments::channel::wechat::keys::PlatformKeys;
use payments::channel::wechat::resource::{Resource, ResourceKey};
use payments::channel::wechat::signature;
use serde_json::Value;
use testkit::vectors::{Case, same};

use super::platform_key;

pub fn check(case: Case<'_>) -> Result<()> {
    let headers = headers(case)?;
    let body = case.text("body")?;
    let header = |name: &str| {
        let value = headers.get(name).with_context(|| format!("no header {name}"))?;
        value.to_str().with_context(|| name.to_owned())
    };
    let sent: i64 = header("wechatpay-timestamp")?.parse()?;
    let sent = Timestamp::from_timestamp(sent, 0).context("no time")?;
    let mut keys = PlatformKeys::default();
    keys.insert(header("wechatpay-serial")?, platform_key(case)?);
    let verify = |body: &str, at| signature::verify(&keys, &headers, body.as_bytes(), at);
    if verify(body, sent).is_err() {
        return case.judged(same("as it was sent", &verify(body, sent), &Ok(())));
    }
    let changed = format!("{body} ");
    same(
        "changed",
        &verify(&changed, sent),
        &Err(NoticeRefusal::BadSignature),
    )?;
    let late = sent + Duration::from_secs(301);
    same("late", &verify(body, late), &Err(NoticeRefusal::Stale))?;
    let stranger = signature::verify(&PlatformKeys::default(), &headers, body.as_bytes(), sent);
    same("without its key", &stranger, &Err(NoticeRefusal::UnknownKey))?;
    let mut probing = headers.clone();
    probing.insert(
        "wechatpay-signature",
        HeaderValue::from_static("WECHATPAY/SIGNTEST/aGVsbG8="),
    );
    let probed = signature::verify(&keys, &probing, body.as_bytes(), sent);
    same("as a probe", &probed, &Err(NoticeRefusal::Probe))?;
    case.judged(opens(case, body))
}

fn headers(case: Case<'_>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in case.object("headers")? {
        let value = value.as_str().with_context(|| format!("{name} is no text"))?;
        headers.insert(HeaderName::from_bytes(name.as_bytes())?, value.parse()?);
    }
    Ok(headers)
}

fn opens(case: Case<'_>, body: &str) -> Result<()> {
    let Some(key) = case.bytes("api_v3_key")? else {
        return Ok(());
    };
    let envelope: Value = serde_json::from_str(body)?;
    let resource: Resource = serde_json::from_value(envelope["resource"].clone())?;
    let key = ResourceKey::from_text(std::str::from_utf8(&key)?).context("no key")?;
    let opened = resource.open(&key);
    same("whether it opens", &opened.is_some(), &true)?;
    let opened = opened.unwrap_or_default();
    match case.get("expected_plaintext") {
        None => Ok(()),
        Some(Value::String(expected)) => same("plaintext", &opened, expected),
        Some(expected) => same("plaintext", &serde_json::from_str::<Value>(&opened)?, expected),
    }
}
