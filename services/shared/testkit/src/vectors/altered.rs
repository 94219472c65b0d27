//! Copies of vectors that must not hold, so that a check which forgets to look
//! is found, and vectors in other forms, which must.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, PKCS_RSA_SHA256};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Map, Value};

use super::{Checks, Vector, check, files, read};

/// What a file says about itself, or leaves free.
const ABOUT: [&str; 14] = [
    "id",
    "channel",
    "kind",
    "source",
    "note",
    "name",
    "verification",
    "deterministic",
    "check_encrypt",
    "authorization_field_order",
    "encoding",
    "public_key_id",
    "valid",
    "bad_signature_b64",
];
/// Shorter texts are no keys.
const KEY_LENGTH: usize = 300;

/// Alters every file of a folder in every way: how many copies there were, and
/// which of them hold all the same.
pub fn that_hold(folder: &Path, checks: Checks) -> Result<(usize, Vec<String>)> {
    let (mut copies, mut held) = (0, Vec::new());
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for (what, copy) in of(read(&path)?.value())? {
            copies += 1;
            if check(checks, &Vector::of(copy)?).is_ok() {
                held.push(format!("{name}: {what}"));
            }
        }
    }
    Ok((copies, held))
}

/// Every file of a folder in its other forms: its cases each as a file, what it
/// holds as a case, and keys without their armour. How many there were, and what
/// does not hold of them.
pub fn other_forms_that_fail(folder: &Path, checks: Checks) -> Result<(usize, Vec<String>)> {
    let (mut forms, mut failed) = (0, Vec::new());
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for form in other_forms(read(&path)?.value()) {
            forms += 1;
            if let Err(why) = check(checks, &Vector::of(form)?) {
                failed.push(format!("{name}: {why:#}"));
            }
        }
    }
    Ok((forms, failed))
}

fn other_forms(whole: &Value) -> Vec<Value> {
    let members = whole.as_object().cloned().unwrap_or_default();
    let mut forms = vec![whole.clone()];
    if let Some(cases) = members.get("cases").and_then(Value::as_array) {
        forms.extend(cases.iter().map(|case| {
            let mut alone = members.clone();
            alone.remove("cases");
            alone.extend(case.as_object().cloned().unwrap_or_default());
            Value::from(alone)
        }));
    } else {
        let (mut listed, case): (Map<_, _>, Map<_, _>) = members
            .into_iter()
            .partition(|(name, _)| ["id", "channel", "kind"].contains(&name.as_str()));
        listed.insert("cases".to_owned(), Value::from(vec![case]));
        forms.push(Value::from(listed));
    }
    let bare: Vec<Value> = forms.iter().map(without_armour).collect();
    forms.extend(bare);
    forms
}

/// Public and private keys as bare base64.
fn without_armour(value: &Value) -> Value {
    let bare = |name: &String, text: &str| {
        let is_key = (name.contains("public") || name.contains("private")) && text.contains("-----BEGIN");
        is_key.then(|| {
            text.lines()
                .filter(|line| !line.starts_with("-----"))
                .collect::<String>()
        })
    };
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let bare = value.as_str().and_then(|text| bare(name, text));
                (
                    name.clone(),
                    bare.map_or_else(|| without_armour(value), Value::from),
                )
            })
            .collect(),
        Value::Array(list) => list.iter().map(without_armour).collect(),
        other => other.clone(),
    }
}

/// Where a value stands in a file.
type Place = Vec<String>;

/// The altered copies of a file, each with what is other in it.
fn of(whole: &Value) -> Result<Vec<(String, Value)>> {
    let mut copies = Vec::new();
    let mut put = |place: &Place, what: &str, value: Value| -> Result<()> {
        let pointer = format!("/{}", place.join("/"));
        let mut copy = whole.clone();
        *copy.pointer_mut(&pointer).context("no such place")? = value;
        copies.push((format!("{pointer} {what}"), copy));
        Ok(())
    };
    for place in places(whole) {
        let pointer = format!("/{}", place.join("/"));
        match whole.pointer(&pointer) {
            Some(Value::String(text)) => {
                for (what, other) in others(place.last().map_or("", String::as_str), text)? {
                    put(&place, what, Value::from(other))?;
                }
            }
            Some(Value::Number(number)) => {
                put(
                    &place,
                    "is one more",
                    Value::from(number.as_i64().unwrap_or_default() + 1),
                )?;
            }
            _ => {}
        }
    }
    copies.extend(turned(whole));
    Ok(copies)
}

/// What is valid is said not to be, and the other way round; and what must not
/// hold does.
fn turned(whole: &Value) -> Vec<(String, Value)> {
    let cases = whole["cases"].as_array().map_or(0, Vec::len);
    let mut copies = Vec::new();
    for case in (0..cases).map(Some).chain((cases == 0).then_some(None)) {
        let mut copy = whole.clone();
        let at = match case {
            Some(case) => &mut copy["cases"][case],
            None => &mut copy,
        };
        let valid = at["valid"].as_bool().or(whole["valid"].as_bool()).unwrap_or(true);
        at["valid"] = Value::from(!valid);
        copies.push((format!("case {case:?} turned"), copy.clone()));
        if let Some(good) = whole
            .get("signature_b64")
            .filter(|_| whole.get("bad_signature_b64").is_some())
        {
            let mut copy = whole.clone();
            copy["bad_signature_b64"] = good.clone();
            copies.push(("the bad signature is good".to_owned(), copy));
        }
    }
    copies
}

/// Every place whose value is held, of the cases that must hold.
fn places(whole: &Value) -> Vec<Place> {
    let mut found = Vec::new();
    let cases: Vec<&Value> = whole["cases"].as_array().into_iter().flatten().collect();
    let says_no = |value: &Value| value["valid"] == false;
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| !says_no(case)) {
        members(whole, case, &["cases".to_owned(), at.to_string()], &mut found);
    }
    if !says_no(whole) && (cases.is_empty() || cases.iter().any(|case| !says_no(case))) {
        members(whole, whole, &[], &mut found);
    }
    found
}

fn members(whole: &Value, of: &Value, above: &[String], found: &mut Vec<Place>) {
    let members = of.as_object().into_iter().flatten();
    for (name, value) in
        members.filter(|(name, _)| name.as_str() != "cases" && !ABOUT.contains(&name.as_str()))
    {
        leaves(value, &[above, std::slice::from_ref(name)].concat(), found);
    }
    found.retain(|place| !is_free(whole, place));
}

fn leaves(value: &Value, place: &[String], found: &mut Vec<Place>) {
    let mut below = |name: &str, value: &Value| {
        leaves(
            value,
            &[place, &[name.replace('~', "~0").replace('/', "~1")]].concat(),
            found,
        );
    };
    match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(at, v)| below(&at.to_string(), v)),
        Value::Object(members) => members.iter().for_each(|(name, v)| below(name, v)),
        _ => found.push(place.to_vec()),
    }
}

/// What may be another without anything else being so.
fn is_free(whole: &Value, place: &[String]) -> bool {
    let name = place.last().map_or("", String::as_str);
    let is = |kind: &str| whole["kind"] == kind;
    let left_out = || {
        let stated = whole["excluded_keys"].as_array();
        stated.is_some_and(|list| list.iter().any(|key| key == name))
    };
    (is("canonical_request_string") && matches!(name, "mchid" | "serial_no"))
        || name.eq_ignore_ascii_case("wechatpay-serial")
        || (name == "sign_type" && left_out())
        || (whole["verification"]["result"] == "UNVERIFIABLE" && name.contains("signature"))
}

/// What may stand in a text's place, and is not it.
fn others(name: &str, text: &str) -> Result<Vec<(&'static str, String)>> {
    let stranger = stranger()?;
    let is = |half: &str| name.contains(half) && text.len() > KEY_LENGTH && !name.starts_with("expected");
    let armoured = text.contains("-----BEGIN");
    let changed = ("is another text", change(text));
    Ok(match (is("private"), is("public"), is("cert"), armoured) {
        (true, _, _, true) => vec![changed, ("is another's", stranger.private_pem())],
        (true, _, _, false) => vec![changed, ("is another's", stranger.private.clone())],
        (_, true, _, true) => vec![changed, ("is another's", stranger.public_pem())],
        (_, true, _, false) => vec![changed, ("is another's", stranger.public.clone())],
        // what else changes in a certificate is none of these checks' business
        (_, _, true, _) => vec![("is another's", stranger.certificate.clone())],
        _ => vec![changed],
    })
}

/// Another text of the same form.
fn change(text: &str) -> String {
    let at = text.len() / 3;
    let at = (at..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let (head, tail) = text.split_at(at);
    let first = tail.chars().next().unwrap_or('A');
    let other = if first == 'B' { 'C' } else { 'B' };
    format!("{head}{other}{}", tail.chars().skip(1).collect::<String>())
}

/// Whose keys are in no file. In base64 but for the certificate.
struct Stranger {
    private: String,
    public: String,
    certificate: String,
}

impl Stranger {
    fn new() -> Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let der = pair.as_der()?;
        let pkcs8 = PrivatePkcs8KeyDer::from(der.as_ref().to_vec());
        let rsa = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
        Ok(Self {
            private: STANDARD.encode(der.as_ref()),
            public: STANDARD.encode(public.as_ref()),
            certificate: CertificateParams::new(Vec::<String>::new())?
                .self_signed(&rsa)?
                .pem(),
        })
    }

    fn private_pem(&self) -> String {
        format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            self.private
        )
    }

    fn public_pem(&self) -> String {
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            self.public
        )
    }
}

fn stranger() -> Result<&'static Stranger> {
    static STRANGER: OnceLock<Option<Stranger>> = OnceLock::new();
    STRANGER
        .get_or_init(|| Stranger::new().ok())
        .as_ref()
        .ok_or_else(|| anyhow!("no keys could be made"))
}
