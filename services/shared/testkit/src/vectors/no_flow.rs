//! What the channels have and no flow of ours uses: checked with code for tests
//! alone, so that the day a flow needs it finds its vectors in place.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::cipher::{AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use md5::{Digest as _, Md5};
use serde_json::Value;

use super::Check;
use super::file::{Case, same};
use crate::wechat::sign::private_der;

/// `None` when a flow of ours does use this.
pub fn check(kind: &str) -> Option<Check> {
    Some(match kind {
        "v2_md5_sign" => v2_md5,
        "aes_256_ecb_pkcs7" => ecb,
        "aes_128_cbc_zero_iv_pkcs7" => cbc,
        "rsa_pkcs1v15_decrypt" => pkcs1,
        _ => return None,
    })
}

/// API v2: what has a value, sorted, then the key; MD5 in capital hex.
fn v2_md5(case: Case<'_>) -> Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let sorted: BTreeMap<_, _> = case
        .object("params")?
        .iter()
        .map(|(name, value)| (name, text(value)))
        .filter(|(name, value)| name.as_str() != "sign" && !value.is_empty())
        .collect();
    let mut parts: Vec<String> = sorted
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parts.push(format!("key={}", case.plain("key")?));
    let sign = hex::encode_upper(Md5::digest(parts.join("&").as_bytes()));
    case.judged(same("sign", &sign.as_str(), &case.text("sign")?))
}

fn ecb(case: Case<'_>) -> Result<()> {
    let key = unbound(case)?;
    let key = PaddedBlockDecryptingKey::ecb_pkcs7(key).map_err(|_| anyhow!("no key for ECB"))?;
    case.judged(opens(case, &key, DecryptionContext::None))
}

fn cbc(case: Case<'_>) -> Result<()> {
    let iv = case.bytes("iv")?.unwrap_or_else(|| vec![0; 16]);
    let iv: [u8; 16] = iv.try_into().map_err(|_| anyhow!("the IV has not 16 bytes"))?;
    let key = unbound(case)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| anyhow!("no key for CBC"))?;
    case.judged(opens(case, &key, DecryptionContext::Iv128(FixedLength::from(iv))))
}

fn unbound(case: Case<'_>) -> Result<UnboundCipherKey> {
    let key = case.bytes("key")?.context("no key")?;
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    UnboundCipherKey::new(algorithm, &key).map_err(|_| anyhow!("no AES key of {} bytes", key.len()))
}

fn opens(case: Case<'_>, key: &PaddedBlockDecryptingKey, context: DecryptionContext) -> Result<()> {
    let mut bytes = case.base64("ciphertext_b64")?;
    let opened = key.decrypt(&mut bytes, context).ok().map(|plain| plain.to_vec());
    is_plaintext(case, opened.as_deref())
}

fn pkcs1(case: Case<'_>) -> Result<()> {
    let der = private_der(case.private_key()?)?;
    let key = PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| anyhow!("no RSA key"))?;
    let key = Pkcs1PrivateDecryptingKey::new(key).map_err(|_| anyhow!("no key to decrypt with"))?;
    let mut room = vec![0; key.min_output_size()];
    let opened = case.base64("ciphertext_b64").map(|bytes| {
        let opened = key.decrypt(&bytes, &mut room);
        opened.ok().map(|plain| plain.to_vec())
    });
    case.judged(opened.and_then(|opened| is_plaintext(case, opened.as_deref())))
}

/// A case that must not open need not say to what.
fn is_plaintext(case: Case<'_>, opened: Option<&[u8]>) -> Result<()> {
    let published = case.bytes("plaintext")?;
    if opened.is_some() && published.is_none() && !case.valid()? {
        return Ok(());
    }
    same("plaintext", &opened, &Some(&published.unwrap_or_default()))
}
