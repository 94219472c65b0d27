//! What WeChat Pay's implementations published, on the simulator's own code.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::vectors::gcm::{self, Way};
use testkit::vectors::{Case, Check, same};
use testkit::wechat::sign::{
    Authorization, CheckingKey, OpeningKey, PROBE, SigningKey, answer_text, call_text, decrypt, encrypt,
    request_text, serial_of,
};

use crate::bills;

pub fn check(kind: &str) -> Option<Check> {
    Some(match kind {
        "rsa_sha256_pkcs1v15_sign" => sign,
        "rsa_sha256_pkcs1v15_verify" => verify,
        "canonical_request_string" => canonical,
        "authorization_header" => authorization,
        "paysign_published_without_key" => call,
        "aes_gcm" => aes_gcm,
        "rsa_oaep_sha1_decrypt" => oaep,
        "platform_certificates_response" => certificates,
        "notify_verify_and_decrypt" => notice,
        "bill_csv" => bills::wechat,
        _ => return None,
    })
}

fn sign(case: Case<'_>) -> Result<()> {
    let key = SigningKey::from_pem(case.private_key()?)?;
    let made = key.sign(case.text("message")?.as_bytes())?;
    case.judged(same("signature", &made.as_str(), &case.text("signature_b64")?))
}

fn verify(case: Case<'_>) -> Result<()> {
    let key = CheckingKey::from_pem(case.public_key()?)?;
    let accepted = key.accepts(case.text("message")?.as_bytes(), case.text("signature_b64")?);
    same("whether it is accepted", &accepted, &case.valid()?)
}

/// What is signed of the request that a case describes.
fn signed_text(case: Case<'_>) -> Result<Vec<u8>> {
    Ok(request_text(
        case.text("method")?,
        case.text_of(&["url", "path"])?,
        &case.number("timestamp")?.to_string(),
        case.text("nonce")?,
        case.maybe("body")?.unwrap_or_default().as_bytes(),
    ))
}

fn canonical(case: Case<'_>) -> Result<()> {
    let published = case.text("canonical")?.as_bytes();
    case.judged(same("what is signed", &signed_text(case)?.as_slice(), &published))
}

fn authorization(case: Case<'_>) -> Result<()> {
    let (key, header) = (
        SigningKey::from_pem(case.private_key()?)?,
        Authorization::parse(case.text("authorization")?),
    );
    case.judged(
        header
            .context("no header of ours")
            .and_then(|header| is_of(case, &key, &header)),
    )
}

fn is_of(case: Case<'_>, key: &SigningKey, header: &Authorization) -> Result<()> {
    let text = match case.maybe("canonical")? {
        Some(text) => text.as_bytes().to_vec(),
        None => signed_text(case)?,
    };
    let body = text
        .splitn(5, |byte| *byte == b'\n')
        .nth(4)
        .and_then(|last| last.strip_suffix(b"\n"));
    let lines = String::from_utf8_lossy(&text);
    let mut lines = lines.split('\n');
    let (method, target) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let again = request_text(
        method,
        target,
        &header.timestamp,
        &header.nonce,
        body.context("no body")?,
    );
    same("what is signed", &again, &text)?;
    same("mchid", &header.mchid.as_str(), &case.text("mchid")?)?;
    same("serial", &header.serial.as_str(), &case.text("serial_no")?)?;
    same("nonce", &header.nonce.as_str(), &case.text("nonce")?)?;
    same(
        "timestamp",
        &header.timestamp,
        &case.number("timestamp")?.to_string(),
    )?;
    same("signature", &key.sign(&text)?, &header.signature)?;
    if let Some(pem) = case.maybe("certificate_pem")? {
        same("the certificate's serial", &serial_of(pem)?, &header.serial)?;
        let accepted = CheckingKey::from_pem(pem)?.accepts(&text, &header.signature);
        same("whether the certificate proves it", &accepted, &true)?;
    }
    Ok(())
}

/// Where no key is published, only the layout of what is signed can be compared.
fn call(case: Case<'_>) -> Result<()> {
    let (prepay, timestamp) = (case.text("prepay_id")?, case.number("timestamp")?.to_string());
    let mut found = Ok(());
    let mut compared = 0;
    for (kind, package) in [
        ("jsapi", format!("prepay_id={prepay}")),
        ("app", prepay.to_owned()),
    ] {
        let Some(published) = case.maybe(&format!("{kind}_canonical"))? else {
            continue;
        };
        compared += 1;
        let text = call_text(case.text("appid")?, &timestamp, case.text("nonce")?, &package);
        found = found.and(same(kind, &text.as_str(), &published));
        if let Ok(key) = case.private_key() {
            let made = SigningKey::from_pem(key)?.sign(text.as_bytes())?;
            let published = case.text(&format!("{kind}_signature_b64"))?;
            found = found.and(same(kind, &made.as_str(), &published));
        }
    }
    ensure!(compared > 0, "nothing that is signed");
    case.judged(found)
}

/// The simulator seals with nonces of twelve bytes; what others seal with longer
/// ones opens on code for tests alone.
fn aes_gcm(case: Case<'_>) -> Result<()> {
    let (key, nonce) = (case.plain("key")?, case.plain("nonce")?);
    let aad = case
        .bytes("aad")?
        .map(String::from_utf8)
        .transpose()?
        .unwrap_or_default();
    let sealed = case.text("ciphertext_b64")?;
    let own = decrypt(key.as_bytes(), &nonce, &aad, sealed);
    if nonce.len() != 12 {
        ensure!(own.is_err(), "it opens with such a nonce");
        return case.judged(opens_elsewhere(
            case,
            key.as_bytes(),
            nonce.as_bytes(),
            aad.as_bytes(),
        ));
    }
    let Some(plain) = case.bytes("plaintext")? else {
        return same("whether it opens", &own.is_ok(), &case.valid()?);
    };
    let again = encrypt(key.as_bytes(), &nonce, &aad, &plain).ok();
    let found = same("plaintext", &own.ok(), &Some(plain));
    case.judged(found.and_then(|()| same("sealed again", &again.as_deref(), &Some(sealed))))
}

fn opens_elsewhere(case: Case<'_>, key: &[u8], nonce: &[u8], aad: &[u8]) -> Result<()> {
    let sealed = case.base64("ciphertext_b64")?;
    let opened = gcm::run(Way::Open, key, nonce, aad, &sealed)?;
    let plain = case.bytes("plaintext")?.unwrap_or_default();
    same("plaintext", &opened.as_ref(), &Some(&plain))?;
    same(
        "sealed again",
        &gcm::run(Way::Seal, key, nonce, aad, &plain)?,
        &Some(sealed),
    )
}

fn oaep(case: Case<'_>) -> Result<()> {
    let opened = OpeningKey::from_pem(case.private_key()?)?.open(case.text("ciphertext_b64")?);
    if !case.valid()? && case.get("plaintext").is_none() {
        return same("what opens", &opened, &None);
    }
    let found = same("plaintext", &opened, &Some(case.plain("plaintext")?));
    case.judged(found.and_then(|()| case.is_our_oaep()))
}

/// What the simulator would send: each certificate sealed, under its own serial.
fn certificates(case: Case<'_>) -> Result<()> {
    case.judged(listed(case))
}

fn listed(case: Case<'_>) -> Result<()> {
    let key = case.plain("api_v3_key")?;
    let list: Value = serde_json::from_str(case.text("response_body")?)?;
    let mut found = None;
    for entry in list["data"].as_array().context("no list")? {
        let sealed = &entry["encrypt_certificate"];
        same(
            "algorithm",
            &sealed["algorithm"].as_str(),
            &Some("AEAD_AES_256_GCM"),
        )?;
        let (_, pem) = opened(sealed, key.as_bytes())?;
        let serial = entry["serial_no"].as_str().context("no serial_no")?;
        same("serial", &serial_of(&pem)?, &serial.to_ascii_uppercase())?;
        if serial.eq_ignore_ascii_case(case.text("expected_serial")?) {
            found = Some(pem);
        }
    }
    same("whether it is listed", &found.is_some(), &true)?;
    match case.maybe("expected_certificate_pem")? {
        Some(pem) => same("certificate", &found.as_deref().map(str::trim), &Some(pem.trim())),
        None => Ok(()),
    }
}

/// Opens a resource, and seals it again to the same.
fn opened(sealed: &Value, key: &[u8]) -> Result<(Vec<u8>, String)> {
    let text = |name: &str| sealed[name].as_str().unwrap_or_default();
    let (nonce, associated) = (text("nonce"), text("associated_data"));
    let plain = decrypt(key, nonce, associated, text("ciphertext")).ok();
    same("whether it opens", &plain.is_some(), &true)?;
    let plain = plain.unwrap_or_default();
    same(
        "sealed again",
        &encrypt(key, nonce, associated, &plain)?.as_str(),
        &text("ciphertext"),
    )?;
    let read = String::from_utf8(plain.clone())?;
    Ok((plain, read))
}

fn notice(case: Case<'_>) -> Result<()> {
    let header = |name: &str| {
        let mut headers = case.object("headers").into_iter().flatten();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .and_then(|(_, value)| value.as_str())
            .with_context(|| format!("no header {name}"))
    };
    let (timestamp, nonce) = (header("wechatpay-timestamp")?, header("wechatpay-nonce")?);
    let signature = header("wechatpay-signature")?;
    let body = case.text("body")?;
    let key = CheckingKey::from_pem(case.public_key()?)?;
    let accepts =
        |body: &str, signature: &str| key.accepts(&answer_text(timestamp, nonce, body.as_bytes()), signature);
    ensure!(
        !accepts(&format!("{body} "), signature),
        "it is accepted when it is changed"
    );
    ensure!(
        !accepts(body, &format!("{PROBE}{signature}")),
        "a probe is accepted"
    );
    let found = same("whether it is accepted", &accepts(body, signature), &true);
    case.judged(found.and_then(|()| opens(case, body)))
}

fn opens(case: Case<'_>, body: &str) -> Result<()> {
    let Some(key) = case.bytes("api_v3_key")? else {
        return Ok(());
    };
    let envelope: Value = serde_json::from_str(body)?;
    let (_, plain) = opened(&envelope["resource"], &key)?;
    match case.get("expected_plaintext") {
        None => Ok(()),
        Some(Value::String(expected)) => same("plaintext", &plain, expected),
        Some(expected) => same("plaintext", &serde_json::from_str::<Value>(&plain)?, expected),
    }
}
