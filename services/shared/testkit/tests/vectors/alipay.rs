//! What Alipay's implementations published, on the simulator's own code.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::alipay::certificates;
use testkit::alipay::sign::{self, CheckingKey, Pairs, SigningKey};
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

fn names(case: Case<'_>) -> Result<()> {
    let (mut checked, mut found) = (0, Ok(()));
    for (name, pem) in case
        .keys("cert")
        .into_iter()
        .filter(|(name, _)| name.ends_with("_pem"))
    {
        let named = if name.contains("root") {
            certificates::bundle_name(pem)
        } else {
            certificates::name(pem)
        };
        let published = name.replace("_pem", "_sn");
        found = found.and(same(&published, &named?.as_str(), &case.text(&published)?));
        checked += 1;
    }
    ensure!(checked > 0, "no certificate");
    case.judged(found)
}

/// Whatever one form of a key signs, every form of the other half accepts.
fn key_forms(case: Case<'_>) -> Result<()> {
    let (ours, theirs) = (case.keys("private"), case.keys("public"));
    ensure!(!ours.is_empty() && !theirs.is_empty(), "no pair of keys");
    let mut found = Ok(());
    for (our, private) in &ours {
        let signature = SigningKey::from_pem(private)
            .context((*our).to_owned())?
            .sign(b"a=1")?;
        for (their, public) in &theirs {
            let key = CheckingKey::from_pem(public).context((*their).to_owned())?;
            ensure!(!key.accepts(b"a=2", &signature), "{their} accepts anything");
            found = found.and(same(their, &key.accepts(b"a=1", &signature), &true));
        }
    }
    case.judged(found)
}

fn pairs(case: Case<'_>) -> Result<Pairs> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let params = case.object("params")?.iter();
    Ok(params
        .map(|(name, value)| (name.clone(), text(value).into_bytes()))
        .collect())
}

fn left_out<'a>(case: Case<'a>, usual: &[&'a str]) -> Result<Vec<&'a str>> {
    let Some(stated) = case.get("excluded_keys") else {
        return Ok(usual.to_vec());
    };
    let stated: Option<Vec<&str>> = stated
        .as_array()
        .map(|list| list.iter().filter_map(Value::as_str).collect());
    let stated = stated.context("excluded_keys is no list")?;
    let known = stated.iter().all(|key| ["sign", "sign_type"].contains(key));
    ensure!(
        known && stated.contains(&"sign"),
        "excluded_keys is no rule of the channel's"
    );
    Ok(stated)
}

/// What is signed, over the wire and back.
fn content(case: Case<'_>, usual: &[&str]) -> Result<Vec<u8>> {
    let over_the_wire = sign::pairs(&sign::wire(&pairs(case)?))?;
    let content = sign::text(&over_the_wire, &left_out(case, usual)?);
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
        case.object("params")?
            .get("sign")
            .and_then(Value::as_str)
            .context("no sign")
    })
}

fn request(case: Case<'_>) -> Result<()> {
    let content = content(case, &["sign"])?;
    let made = SigningKey::from_pem(case.private_key()?)?.sign(&content)?;
    case.judged(same("signature", &made.as_str(), &signature_of(case)?))
}

fn notification(case: Case<'_>) -> Result<()> {
    let content = content(case, &["sign", "sign_type"])?;
    let accepted = CheckingKey::from_pem(case.public_key()?)?.accepts(&content, signature_of(case)?);
    same("whether it is accepted", &accepted, &case.valid()?)
}

fn part(case: Case<'_>) -> Result<()> {
    let found = sign::part(case.text("raw")?, case.text("response_key")?);
    case.judged(same("part", &found, &Some(case.text("expected_sign_content")?)))
}

fn answer(case: Case<'_>) -> Result<()> {
    let key = CheckingKey::from_pem(case.public_key()?)?;
    let raw = case.maybe("raw")?;
    let content = match raw {
        Some(raw) => sign::part(raw, case.text("response_key")?).context("no such part")?,
        None => case.text("sign_content")?,
    };
    let within = raw.and_then(|raw| serde_json::from_str::<Value>(raw).ok());
    let within = within.as_ref().and_then(|whole| whole["sign"].as_str());
    let signature = case.maybe("signature_b64")?.or(within).context("no sign")?;
    let accepts = |signature: &str| key.accepts(content.as_bytes(), signature);
    same("whether it is accepted", &accepts(signature), &case.valid()?)?;
    match case.maybe("bad_signature_b64")? {
        Some(bad) => same("whether the bad one is accepted", &accepts(bad), &false),
        None => Ok(()),
    }
}
