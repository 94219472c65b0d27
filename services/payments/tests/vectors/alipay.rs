//! What Alipay's implementations signed and published, on the adapter.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payments::channel::alipay::form::Form;
use payments::channel::alipay::keys::AlipayKeys;
use payments::channel::alipay::signature::{self, Fields, Parts, SIGN, SIGN_AND_TYPE};
use payments::channel::alipay::{certificate, notice};
use payments::channel::rsa::{CheckingKey, SigningKey};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::bills;
use crate::file::{Case, Held, Vector, same};

pub fn check(vector: &Vector) -> Result<Held> {
    vector.each(match vector.kind()? {
        "cert_sn" => names,
        "key_forms" => key_forms,
        "notify_verify" => notification,
        "request_sign" => request,
        "response_sign_content_extract" => part,
        "response_verify" => answer,
        "bill_csv" => bills::alipay,
        other => bail!("unknown kind {other} of channel alipay"),
    })
}

const PRIVATE: [&str; 8] = [
    "private_pkcs1_pem",
    "private_pkcs1_b64",
    "private_pkcs8_pem",
    "private_pkcs8_b64",
    "private_key_pkcs1_b64",
    "private_key_pkcs8_b64",
    "private_key_b64",
    "private_key_pem",
];
const PUBLIC: [&str; 9] = [
    "public_pem",
    "public_b64",
    "public_key_pem",
    "public_key_b64",
    "alipay_public_key_b64_der",
    "alipay_public_key_pem_or_b64",
    "alipay_public_key_pem",
    "alipay_public_key_b64",
    "alipay_cert_pem",
];

fn our_key(text: &str) -> Result<SigningKey> {
    SigningKey::from_text(text).context("no private key")
}

fn their_key(text: &str) -> Result<CheckingKey> {
    CheckingKey::from_text(text).context("no public key")
}

/// Whatever one form of a key signs, every form of the other half proves.
fn key_forms(case: Case<'_>) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for name in PRIVATE {
        if let Some(text) = case.maybe(name)? {
            ours.push(our_key(text).context(name)?);
        }
    }
    for name in PUBLIC {
        if let Some(text) = case.maybe(name)? {
            theirs.push(their_key(text).context(name)?);
        }
    }
    ensure!(!ours.is_empty() && !theirs.is_empty(), "no pair of keys");
    for our in &ours {
        let signature = our.sign(b"a=1").context("the key refuses")?;
        let hold = theirs.iter().all(|their| their.holds(b"a=1", &signature));
        ensure!(
            hold && !theirs[0].holds(b"a=2", &signature),
            "the halves do not fit"
        );
    }
    Ok(())
}

/// How a certificate, or a bundle of them, is named.
type Naming = fn(&str) -> Option<String>;

fn names(case: Case<'_>) -> Result<()> {
    let mut checked = 0;
    let kinds: [(&str, &str, Naming); 4] = [
        ("app_cert_pem", "app_cert_sn", certificate::name),
        ("alipay_cert_pem", "alipay_cert_sn", certificate::name),
        ("cert_pem", "cert_sn", certificate::name),
        ("root_cert_pem", "root_cert_sn", certificate::bundle_name),
    ];
    for (pem, name, naming) in kinds {
        if let Some(pem) = case.maybe(pem)? {
            let made = naming(pem).with_context(|| format!("no {name}"))?;
            same(name, &made.as_str(), &case.text(name)?)?;
            checked += 1;
        }
    }
    ensure!(checked > 0, "no certificate");
    Ok(())
}

fn fields(case: Case<'_>) -> Result<Fields> {
    let params = case
        .get("params")
        .and_then(Value::as_object)
        .context("no params")?;
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

fn request(case: Case<'_>) -> Result<()> {
    let content = signature::content(&fields(case)?, left_out(case, SIGN)?);
    if let Some(canonical) = case.maybe("canonical")? {
        same(
            "what is signed",
            &String::from_utf8_lossy(&content).as_ref(),
            &canonical,
        )?;
    }
    let key = our_key(case.text_of(&PRIVATE)?)?;
    let made = STANDARD.encode(key.sign(&content).context("the key refuses")?);
    let published = case.text_of(&["signature_b64", "sign"])?;
    ensure!((made == published) == case.valid()?, "the signature is {made}");
    Ok(())
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
    let keys = AlipayKeys::Key(their_key(case.text_of(&PUBLIC)?)?);
    let fields = fields(case)?;
    let content = signature::content(&fields, left_out(case, SIGN_AND_TYPE)?);
    if let Some(stated) = case.maybe("sign_content")? {
        same(
            "what is signed",
            &String::from_utf8_lossy(&content).as_ref(),
            &stated,
        )?;
    }
    let sign = fields.get("sign").map(|sign| String::from_utf8_lossy(sign));
    let sign = sign
        .or(case.maybe("signature_b64")?.map(Into::into))
        .context("no sign")?;
    same(
        "whether it holds",
        &keys.hold(None, &content, &sign),
        &Some(case.valid()?),
    )?;
    if case.valid()? && fields.contains_key("sign") {
        let form = Form::read(wire(&fields).as_bytes()).context("no form")?;
        notice::verify(&keys, &form)?;
    }
    Ok(())
}

fn part(case: Case<'_>) -> Result<()> {
    let parts = Parts::of(case.text("raw")?).context("no answer")?;
    let found = parts.text(case.text("response_key")?).context("no such part")?;
    same("part", &found, &case.text("expected_sign_content")?)
}

fn answer(case: Case<'_>) -> Result<()> {
    let keys = AlipayKeys::Key(their_key(case.text_of(&PUBLIC)?)?);
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
