//! What WeChat Pay's implementations signed, sealed and published, on the adapter.

mod notice;
mod sealed;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payments::channel::wechat::keys::{Certificate, Key, MerchantKey};
use payments::channel::wechat::signature::{self, Signing};
use testkit::vectors::{Case, Check, same};

use crate::bills;

pub fn check(kind: &str) -> Option<Check> {
    Some(match kind {
        "rsa_sha256_pkcs1v15_sign" => sign,
        "rsa_sha256_pkcs1v15_verify" => verify,
        "canonical_request_string" => canonical,
        "authorization_header" => authorization,
        "paysign_published_without_key" => call,
        "aes_gcm" => sealed::aes_gcm,
        "rsa_oaep_sha1_decrypt" => sealed::oaep,
        "platform_certificates_response" => sealed::certificates,
        "notify_verify_and_decrypt" => notice::check,
        "bill_csv" => bills::wechat,
        _ => return None,
    })
}

/// The key of WeChat Pay's that a file brings, in whichever form.
fn platform_key(case: Case<'_>) -> Result<Key> {
    let forms = armoured(case.public_key()?, ["PUBLIC KEY", "CERTIFICATE"]);
    let key = forms.iter().find_map(|pem| Key::from_pem("vector", pem).ok());
    key.context("no public key")
}

fn merchant_key(case: Case<'_>) -> Result<MerchantKey> {
    let forms = armoured(case.private_key()?, ["PRIVATE KEY", "RSA PRIVATE KEY"]);
    let key = forms.iter().find_map(|pem| MerchantKey::from_pem(pem).ok());
    key.context("no private key")
}

/// WeChat Pay hands keys out in PEM, and so the adapter reads them; a file may
/// have bare base64.
fn armoured(text: &str, labels: [&str; 2]) -> Vec<String> {
    if text.contains("-----BEGIN") {
        return vec![text.to_owned()];
    }
    let pem = |label| format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n");
    labels.map(pem).into()
}

fn signed(key: &MerchantKey, message: &str) -> Result<String> {
    let signature = key.sign(message.as_bytes()).context("the key refuses")?;
    Ok(STANDARD.encode(signature))
}

fn sign(case: Case<'_>) -> Result<()> {
    let made = signed(&merchant_key(case)?, case.text("message")?)?;
    case.judged(same("signature", &made.as_str(), &case.text("signature_b64")?))
}

fn verify(case: Case<'_>) -> Result<()> {
    let message = case.text("message")?.as_bytes();
    let key = platform_key(case)?;
    let holds = STANDARD
        .decode(case.text("signature_b64")?)
        .is_ok_and(|signature| key.holds(message, &signature));
    same("whether it holds", &holds, &case.valid()?)
}

/// What is signed of the request that a case describes.
fn signed_text(case: Case<'_>) -> Result<String> {
    Ok(signature::request_message(
        case.text("method")?,
        case.text_of(&["url", "path"])?,
        case.number("timestamp")?,
        case.text("nonce")?,
        case.maybe("body")?.unwrap_or_default(),
    ))
}

fn canonical(case: Case<'_>) -> Result<()> {
    let made = signed_text(case)?;
    case.judged(same("what is signed", &made.as_str(), &case.text("canonical")?))
}

/// The parts of the header by name: their order is free.
fn parts(header: &str) -> Result<BTreeSet<&str>> {
    let rest = header.strip_prefix(signature::SCHEME).context("another scheme")?;
    Ok(rest.trim().split(',').map(str::trim).collect())
}

fn authorization(case: Case<'_>) -> Result<()> {
    case.judged(header_is_ours(case))
}

fn header_is_ours(case: Case<'_>) -> Result<()> {
    let key = merchant_key(case)?;
    let text = match case.maybe("canonical")? {
        Some(text) => text.to_owned(),
        None => signed_text(case)?,
    };
    let lines: Vec<&str> = text.splitn(5, '\n').collect();
    let [method, target, timestamp, nonce, body] = lines[..] else {
        bail!("what is signed has not five lines");
    };
    let body = body.strip_suffix('\n').context("the last line has no end")?;
    same(
        "timestamp",
        &timestamp,
        &case.number("timestamp")?.to_string().as_str(),
    )?;
    same("nonce", &nonce, &case.text("nonce")?)?;
    let who = Signing {
        mchid: case.text("mchid")?,
        serial: case.text("serial_no")?,
        timestamp: case.number("timestamp")?,
        nonce,
    };
    let header = signature::authorization(&key, who, method, target, body).context("the key refuses")?;
    same("header", &parts(&header)?, &parts(case.text("authorization")?)?)?;
    let Some(pem) = case.maybe("certificate_pem")? else {
        return Ok(());
    };
    let certificate = Certificate::from_pem(pem).ok_or_else(|| anyhow!("certificate_pem is none"))?;
    same("serial", &certificate.serial.as_str(), &case.text("serial_no")?)?;
    let signature = key.sign(text.as_bytes()).context("the key refuses")?;
    ensure!(
        certificate.key.holds(text.as_bytes(), &signature),
        "the certificate does not prove it"
    );
    Ok(())
}

/// Where no key is published, only the layout of what is signed can be compared.
fn call(case: Case<'_>) -> Result<()> {
    let prepay = case.text("prepay_id")?;
    let (appid, timestamp) = (case.text("appid")?, case.number("timestamp")?.to_string());
    let (nonce, mut found, mut compared) = (case.text("nonce")?, Ok(()), 0);
    for (kind, package) in [
        ("jsapi", format!("prepay_id={prepay}")),
        ("app", prepay.to_owned()),
    ] {
        let Some(published) = case.maybe(&format!("{kind}_canonical"))? else {
            continue;
        };
        compared += 1;
        let message = signature::call_message(appid, &timestamp, nonce, &package);
        found = found.and(same(kind, &message.as_str(), &published));
        if case.private_key().is_ok() {
            let made = signed(&merchant_key(case)?, &message)?;
            let published = case.text(&format!("{kind}_signature_b64"))?;
            found = found.and(same(kind, &made.as_str(), &published));
        }
    }
    ensure!(compared > 0, "nothing that is signed");
    case.judged(found)
}
