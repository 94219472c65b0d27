//! Alipay's signatures seen from the channel's side, made from the protocol's
//! text alone: it shares nothing with any adapter, so that both cannot be wrong
//! alike.

use anyhow::{Context as _, Result, ensure};

pub use crate::wechat::sign::{CheckingKey, SigningKey};

/// A form as it came over the wire, each part decoded to its bytes.
pub type Pairs = Vec<(String, Vec<u8>)>;

/// Reads a form; a name may stand once.
pub fn pairs(body: &str) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    for part in body.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').context("a field without =")?;
        let name = String::from_utf8(bytes(name)?)?;
        ensure!(
            pairs.iter().all(|(known, _)| *known != name),
            "{name} stands twice"
        );
        pairs.push((name, bytes(value)?));
    }
    Ok(pairs)
}

fn bytes(part: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest.get(..2).context("a torn percent code")?;
                bytes.push(hex::decode(digits)?.first().copied().context("no code")?);
                rest = rest.get(2..).unwrap_or_default();
            }
            other => bytes.push(*other),
        }
    }
    Ok(bytes)
}

/// A form as it goes over the wire.
pub fn wire(pairs: &[(String, Vec<u8>)]) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
    let coded = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
    let parts: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", coded(name.as_bytes()), coded(value)))
        .collect();
    parts.join("&")
}

/// What is signed of a form: what has a value and is not left out, by name.
pub fn text(pairs: &[(String, Vec<u8>)], left_out: &[&str]) -> Vec<u8> {
    let mut signed: Vec<&(String, Vec<u8>)> = pairs
        .iter()
        .filter(|(name, value)| !value.is_empty() && !left_out.contains(&name.as_str()))
        .collect();
    signed.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let joined: Vec<Vec<u8>> = signed
        .into_iter()
        .map(|(name, value)| [name.as_bytes(), b"=", value].concat())
        .collect();
    joined.join(&b'&')
}

/// Where the value of `key` begins and ends in an answer, by counting braces
/// outside of strings.
pub fn part<'a>(answer: &'a str, key: &str) -> Option<&'a str> {
    let named = answer.find(&format!("\"{key}\""))?;
    let value = answer.get(named + key.len() + 2..)?.trim_start();
    let value = value.strip_prefix(':')?.trim_start();
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 && !quoted && matches!(byte, b'}' | b'"') {
            return value.get(..=at);
        }
    }
    None
}
