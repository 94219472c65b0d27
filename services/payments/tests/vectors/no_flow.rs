//! What the channels have and no flow of ours uses: checked with code of these
//! tests alone, so that the day a flow needs it finds its vectors in place.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lc_rs::cipher::{AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

use crate::file::{Case, Held, Vector, same};

/// `None` when a flow of ours does use this.
pub fn check(vector: &Vector) -> Result<Option<Held>> {
    let check = match vector.kind()? {
        "v2_md5_sign" => v2_md5,
        "aes_256_ecb_pkcs7" => ecb,
        "aes_128_cbc_zero_iv_pkcs7" => cbc,
        "rsa_pkcs1v15_decrypt" => pkcs1,
        _ => return Ok(None),
    };
    vector.each(check)?;
    Ok(Some(Held::NoFlow))
}

/// API v2: what has a value, sorted, then the key; MD5 in capital hex.
fn v2_md5(case: Case<'_>) -> Result<()> {
    let params = case
        .get("params")
        .and_then(|p| p.as_object())
        .context("no params")?;
    let sorted: BTreeMap<_, _> = params
        .iter()
        .map(|(name, value)| {
            (
                name,
                value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            )
        })
        .filter(|(name, value)| name.as_str() != "sign" && !value.is_empty())
        .collect();
    let mut parts: Vec<String> = sorted
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parts.push(format!("key={}", case.text("key")?));
    let sign = hex::encode_upper(Md5::digest(parts.join("&").as_bytes()));
    ensure!(
        (sign == case.text("sign")?) == case.valid()?,
        "the sign is {sign}"
    );
    Ok(())
}

fn ecb(case: Case<'_>) -> Result<()> {
    let key = unbound(&key_of(case)?)?;
    let key = PaddedBlockDecryptingKey::ecb_pkcs7(key).map_err(|_| anyhow!("no key for ECB"))?;
    opens(case, &key, DecryptionContext::None)
}

fn cbc(case: Case<'_>) -> Result<()> {
    let iv = match case.maybe("iv_hex")? {
        Some(text) => hex::decode(text).context("iv_hex")?,
        None => vec![0; 16],
    };
    let iv: [u8; 16] = iv.try_into().map_err(|_| anyhow!("the IV has not 16 bytes"))?;
    let key = unbound(&key_of(case)?)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| anyhow!("no key for CBC"))?;
    opens(case, &key, DecryptionContext::Iv128(FixedLength::from(iv)))
}

fn key_of(case: Case<'_>) -> Result<Vec<u8>> {
    match case.maybe("key_utf8")? {
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => case.base64("key_b64"),
    }
}

fn unbound(key: &[u8]) -> Result<UnboundCipherKey> {
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    UnboundCipherKey::new(algorithm, key).map_err(|_| anyhow!("no AES key of {} bytes", key.len()))
}

fn opens(case: Case<'_>, key: &PaddedBlockDecryptingKey, context: DecryptionContext) -> Result<()> {
    let mut bytes = case.base64("ciphertext_b64")?;
    let opened = key.decrypt(&mut bytes, context).ok().map(|plain| plain.to_vec());
    if !case.valid()? {
        ensure!(opened.is_none(), "it opens");
        return Ok(());
    }
    same(
        "plaintext",
        &opened.as_deref(),
        &Some(case.text("plaintext")?.as_bytes()),
    )
}

fn pkcs1(case: Case<'_>) -> Result<()> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(case.text("private_key_pem")?.as_bytes())
        .map_err(|_| anyhow!("no key in PKCS#8"))?;
    let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| anyhow!("no RSA key"))?;
    let key = Pkcs1PrivateDecryptingKey::new(key).map_err(|_| anyhow!("no key to decrypt with"))?;
    let mut room = vec![0; key.min_output_size()];
    let bytes = STANDARD.decode(case.text("ciphertext_b64")?)?;
    let opened = key.decrypt(&bytes, &mut room).ok().map(|plain| plain.to_vec());
    let expected = case.text("plaintext")?.as_bytes();
    ensure!(
        (opened.as_deref() == Some(expected)) == case.valid()?,
        "it opens to {opened:?}"
    );
    Ok(())
}
