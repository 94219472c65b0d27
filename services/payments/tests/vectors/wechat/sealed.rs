//! AES-GCM, RSA-OAEP, and the list of platform certificates.

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::aes::{Aes128, Aes256};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payments::channel::wechat::certificates;
use payments::channel::wechat::keys::{Certificate, Key};
use payments::channel::wechat::resource::ResourceKey;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

use super::merchant_key;
use crate::file::{Case, same};

/// The length of the protocol's nonces.
const NONCE: usize = 12;
/// The length of an account's key.
const ACCOUNT_KEY: usize = 32;

/// A nonce of another length is refused by the adapter whatever it sealed, and
/// what it sealed is then opened by code of these tests, so that the file itself
/// is held too. A key of 16 characters opens, but no account may have it.
pub fn aes_gcm(case: Case<'_>) -> Result<()> {
    let (key, nonce) = (case.text("key_utf8")?, case.text("nonce_utf8")?);
    let aad = case.maybe("aad_utf8")?.unwrap_or_default();
    let expected = if case.valid()? {
        Some(case.text("plaintext")?.as_bytes().to_vec())
    } else {
        None
    };
    let adapter = ResourceKey::from_text(key).context("no key")?;
    let opened = adapter.open(nonce, aad, case.text("ciphertext_b64")?);
    let for_account = ResourceKey::of_account(key).is_some();
    same("a key of an account", &for_account, &(key.len() == ACCOUNT_KEY))?;
    let run = |way, bytes: &[u8]| gcm(way, key.as_bytes(), nonce.as_bytes(), aad.as_bytes(), bytes);
    if nonce.len() == NONCE {
        same("plaintext", &opened, &expected)?;
    } else {
        same("with such a nonce", &opened, &None)?;
        let opened = run(Way::Open, &case.base64("ciphertext_b64")?)?;
        same("plaintext", &opened, &expected)?;
    }
    if case.get("check_encrypt").is_some_and(|c| c == true) {
        let sealed = run(Way::Seal, case.text("plaintext")?.as_bytes())?;
        same("ciphertext", &sealed, &Some(case.base64("ciphertext_b64")?))?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Way {
    Open,
    Seal,
}

fn gcm(way: Way, key: &[u8], nonce: &[u8], aad: &[u8], bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    let run = match (key.len(), nonce.len()) {
        (16, 12) => run::<AesGcm<Aes128, U12>>,
        (16, 16) => run::<AesGcm<Aes128, U16>>,
        (32, 12) => run::<AesGcm<Aes256, U12>>,
        (32, 16) => run::<AesGcm<Aes256, U16>>,
        (key, nonce) => bail!("no cipher for a key of {key} and a nonce of {nonce} bytes"),
    };
    Ok(run(way, key, nonce, aad, bytes))
}

fn run<C: KeyInit + Aead>(way: Way, key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let (nonce, payload): (&Nonce<C>, _) = (nonce.into(), Payload { msg, aad });
    match way {
        Way::Open => cipher.decrypt(nonce, payload).ok(),
        Way::Seal => cipher.encrypt(nonce, payload).ok(),
    }
}

/// What the merchant's key opens, and that what is sealed anew opens as well.
pub fn oaep(case: Case<'_>) -> Result<()> {
    let key = merchant_key(case)?;
    let opened = key.open(case.text("ciphertext_b64")?);
    if !case.valid()? {
        return same("a sealed field", &opened, &None);
    }
    let plaintext = case.text("plaintext")?;
    same("plaintext", &opened.as_deref(), &Some(plaintext))?;
    let sealed = public_half(case)?
        .seal(plaintext)
        .context("it cannot be sealed")?;
    same("sealed anew", &key.open(&sealed).as_deref(), &Some(plaintext))
}

fn public_half(case: Case<'_>) -> Result<Key> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(case.text("private_key_pem")?.as_bytes())
        .map_err(|_| anyhow!("no key in PKCS#8"))?;
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| anyhow!("no RSA key"))?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    let body = STANDARD.encode(public.as_ref());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    Ok(Key::from_pem("vector", &pem)?)
}

/// Opens the list and finds the published certificate in it; with another key, and
/// under another serial, it does not open.
pub fn certificates(case: Case<'_>) -> Result<()> {
    let (body, key) = (case.text("response_body")?, case.text("api_v3_key_utf8")?);
    let resource_key = ResourceKey::from_text(key).context("no key")?;
    let read = certificates::read(body.as_bytes(), &resource_key);
    if !case.valid()? {
        ensure!(read.is_err(), "it opens");
        return Ok(());
    }
    let (list, serial) = (read?, case.text("expected_serial")?);
    let found = list
        .iter()
        .find(|c| c.serial.eq_ignore_ascii_case(serial))
        .with_context(|| format!("no certificate {serial}"))?;
    let pem = case.text("expected_certificate_pem")?;
    same("certificate", &found.pem.trim(), &pem.trim())?;
    let published = Certificate::from_pem(pem).ok_or_else(|| anyhow!("the published certificate is none"))?;
    same(
        "serial",
        &published.serial.to_ascii_uppercase(),
        &serial.to_ascii_uppercase(),
    )?;
    let other = ResourceKey::from_text(&"0".repeat(key.len())).context("no key")?;
    ensure!(
        certificates::read(body.as_bytes(), &other).is_err(),
        "it opens with another key"
    );
    let renamed = body.replace(serial, "00");
    ensure!(
        certificates::read(renamed.as_bytes(), &resource_key).is_err(),
        "it opens under another serial"
    );
    Ok(())
}
