//! What Alipay's implementations signed and published, on the adapter.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payments::channel::alipay::form::Form;
use payments::channel::alipay::keys::AlipayKeys;
use payments::channel::alipay::signature::{self, Fields, Parts, SIGN, SIGN_AND_TYPE};
use payments::channel::alipay::{certificate, notice};
use payments::channel::rsa::{CheckingKey, SigningKey};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use testkit::vectors::{Case, Check, same};

use crate::bills;

pub fn check(kind: &str) -> Option<Check> {
    Some(match kind {
        "cert_sn" => names,
        "key_forms" => key_forms,
        "notify_verify" => notification,
        "request_sign" => request,
        "response_sign_content_extract" => part,
        "response_verify" => answer,
        "bill_csv" => bills::alipay,
        _ => return None,
    })
}

fn our_key(text: &str) -> Result<SigningKey> {
    SigningKey::from_text(text).context("no private key")
}

fn their_key(text: &str) -> Result<CheckingKey> {
    CheckingKey::from_text(text).context("no public key")
}

/// Whatever one form of a key signs, every form of the other half proves.
fn key_forms(case: Case<'_>) -> Result<()> {
    let (ours, theirs) = (case.keys("private"), case.keys("public"));
    ensure!(!ours.is_empty() && !theirs.is_empty(), "no pair of keys");
    let mut found = Ok(());
    for (our, private) in &ours {
        let key = our_key(private).context((*our).to_owned())?;
        let signature = key.sign(b"a=1").context("the key refuses")?;
        for (their, public) in &theirs {
            let key = their_key(public).context((*their).to_owned())?;
            ensure!(!key.holds(b"a=2", &signature), "{their} proves anything");
            found = found.and(same(their, &key.holds(b"a=1", &signature), &true));
        }
    }
    case.judged(found)
}

fn names(case: Case<'_>) -> Result<()> {
    let (mut checked, mut found) = (0, Ok(()));
    for (file, pem) in case
        .keys("cert")
        .into_iter()
        .filter(|(name, _)| name.ends_with("_pem"))
    {
        let made = if file.contains("root") {
            certificate::bundle_name(pem)
        } else {
            certificate::name(pem)
        };
        let published = file.replace("_pem", "_sn");
        found = found.and(same(&published, &made.as_deref(), &Some(case.text(&published)?)));
        checked += 1;
    }
    ensure!(checked > 0, "no certificate");
    case.judged(found)
}

fn fields(case: Case<'_>) -> Result<Fields> {
    let params = case.object("params")?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(params
        .iter()
        .map(|(name, value)| (name.clone(), text(value).into_bytes()))
        .collect())
}

/// What a file leaves out of what is signed must be what one of our rules does.
fn left_out(case: Case<'_>, default: &'static [&'static str]) -> Result<&'static [&'static str]> {
    let Some(stated) = case.get("excluded_keys") else {
        return Ok(default);
    };
    let stated = stated.as_array().context("excluded_keys is no list")?;
    let is =
        |rule: &[&str]| stated.len() == rule.len() && rule.iter().all(|key| stated.iter().any(|s| s == key));
    [SIGN, SIGN_AND_TYPE]
        .into_iter()
        .find(|rule| is(rule))
        .context("excluded_keys is no rule of ours")
}

/// What is signed, as the file states it where it does.
fn content(case: Case<'_>, fields: &Fields, usual: &'static [&'static str]) -> Result<Vec<u8>> {
    let content = signature::content(fields, left_out(case, usual)?);
    for name in ["canonical", "sign_content"] {
        if let Some(stated) = case.maybe(name)? {
            same(name, &String::from_utf8_lossy(&content).as_ref(), &stated)?;
        }
    }
    Ok(content)
}

fn signature_of(case: Case<'_>) -> Result<&str> {
    let beside = case.text_of(&["signature_b64", "sign"]);
    beside.or_else(|_| {
        let within = case.object("params")?.get("sign");
        within.and_then(Value::as_str).context("no sign")
    })
}

fn request(case: Case<'_>) -> Result<()> {
    let content = content(case, &fields(case)?, SIGN)?;
    let key = our_key(case.private_key()?)?;
    let made = STANDARD.encode(key.sign(&content).context("the key refuses")?);
    case.judged(same("signature", &made.as_str(), &signature_of(case)?))
}

/// As the form comes over the wire.
fn wire(fields: &Fields) -> String {
    let coded =
        |text: &[u8]| utf8_percent_encode(&String::from_utf8_lossy(text), NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", coded(name.as_bytes()), coded(value)))
        .collect();
    pairs.join("&")
}

fn notification(case: Case<'_>) -> Result<()> {
    let keys = AlipayKeys::Key(their_key(case.public_key()?)?);
    let fields = fields(case)?;
    let content = content(case, &fields, SIGN_AND_TYPE)?;
    same(
        "whether it holds",
        &keys.hold(None, &content, signature_of(case)?),
        &Some(case.valid()?),
    )?;
    if !fields.contains_key("sign") {
        return Ok(());
    }
    let form = Form::read(wire(&fields).as_bytes()).context("no form")?;
    let verified = notice::verify(&keys, &form);
    same("whether it is believed", &verified.is_ok(), &case.valid()?)
}

fn part(case: Case<'_>) -> Result<()> {
    let parts = Parts::of(case.text("raw")?).context("no answer")?;
    let found = parts.text(case.text("response_key")?).context("no such part")?;
    case.judged(same("part", &found, &case.text("expected_sign_content")?))
}

fn answer(case: Case<'_>) -> Result<()> {
    let keys = AlipayKeys::Key(their_key(case.public_key()?)?);
    let parts = case
        .maybe("raw")?
        .map(|raw| Parts::of(raw).context("no answer"))
        .transpose()?;
    let content = match &parts {
        Some(parts) => parts.text(case.text("response_key")?).context("no such part")?,
        None => case.text("sign_content")?,
    };
    let sign = match case.maybe("signature_b64")? {
        Some(sign) => sign.to_owned(),
        None => parts
            .as_ref()
            .and_then(|parts| parts.word("sign"))
            .context("no sign")?,
    };
    let holds = |sign: &str| keys.hold(None, content.as_bytes(), sign);
    same("whether it holds", &holds(&sign), &Some(case.valid()?))?;
    match case.maybe("bad_signature_b64")? {
        Some(bad) => same("whether the bad one holds", &holds(bad), &Some(false)),
        None => Ok(()),
    }
}
