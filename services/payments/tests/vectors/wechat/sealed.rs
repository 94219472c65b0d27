//! AES-GCM, RSA-OAEP, and the list of platform certificates.

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payments::channel::wechat::certificates;
use payments::channel::wechat::keys::Key;
use payments::channel::wechat::resource::ResourceKey;
use testkit::vectors::gcm::{self, Way};
use testkit::vectors::{Case, same};
use testkit::wechat::sign::private_der;

use super::merchant_key;

/// The length of the protocol's nonces.
const NONCE: usize = 12;
/// The length of an account's key.
const ACCOUNT_KEY: usize = 32;

/// A nonce of another length is refused by the adapter whatever it sealed, and
/// what it sealed is then opened by code for tests alone, so that the file itself
/// is held too. A key of 16 characters opens, but no account may have it.
pub fn aes_gcm(case: Case<'_>) -> Result<()> {
    let (key, nonce) = (case.plain("key")?, case.plain("nonce")?);
    let aad = case.bytes("aad")?.map(String::from_utf8).transpose()?;
    let aad = aad.unwrap_or_default();
    let adapter = ResourceKey::from_text(&key).context("no key")?;
    let opened = adapter.open(&nonce, &aad, case.text("ciphertext_b64")?);
    let for_account = ResourceKey::of_account(&key).is_some();
    same("a key of an account", &for_account, &(key.len() == ACCOUNT_KEY))?;
    let run = |way, bytes: &[u8]| gcm::run(way, key.as_bytes(), nonce.as_bytes(), aad.as_bytes(), bytes);
    let opened = if nonce.len() == NONCE {
        opened
    } else {
        same("with such a nonce", &opened, &None)?;
        run(Way::Open, &case.base64("ciphertext_b64")?)?
    };
    let Some(plain) = case.bytes("plaintext")? else {
        return same("whether it opens", &opened.is_some(), &case.valid()?);
    };
    let mut found = same("plaintext", &opened.as_ref(), &Some(&plain));
    if case.get("check_encrypt").is_some_and(|c| c == true) {
        let sealed = (run(Way::Seal, &plain)?, case.base64("ciphertext_b64")?);
        found = found.and(same("ciphertext", &sealed.0, &Some(sealed.1)));
    }
    case.judged(found)
}

/// What the merchant's key opens, and that what is sealed anew opens as well.
pub fn oaep(case: Case<'_>) -> Result<()> {
    let key = merchant_key(case)?;
    let opened = key.open(case.text("ciphertext_b64")?);
    if !case.valid()? && case.get("plaintext").is_none() {
        return same("a sealed field", &opened, &None);
    }
    let plaintext = case.plain("plaintext")?;
    let sealed = public_half(case)?
        .seal(&plaintext)
        .context("it cannot be sealed")?;
    ensure!(
        key.open(&sealed).as_ref() == Some(&plaintext),
        "what is sealed anew does not open"
    );
    let found = same("plaintext", &opened, &Some(plaintext));
    case.judged(found.and_then(|()| case.is_our_oaep()))
}

fn public_half(case: Case<'_>) -> Result<Key> {
    let der = private_der(case.private_key()?)?;
    let pair = KeyPair::from_pkcs8(&der).map_err(|_| anyhow!("no RSA key"))?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    let body = STANDARD.encode(public.as_ref());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    Ok(Key::from_pem("vector", &pem)?)
}

/// Opens the list and finds the published certificate in it; with another key, and
/// under another serial, it does not open.
pub fn certificates(case: Case<'_>) -> Result<()> {
    let (body, key) = (case.text("response_body")?, case.plain("api_v3_key")?);
    let read = |body: &str, key: &str| {
        let key = ResourceKey::from_text(key).context("no key")?;
        anyhow::Ok(certificates::read(body.as_bytes(), &key).ok())
    };
    let serial = case.text("expected_serial")?;
    let list = read(body, &key)?;
    ensure!(
        read(body, &"0".repeat(key.len()))?.is_none(),
        "it opens with another key"
    );
    ensure!(
        read(&body.replace(serial, "00"), &key)?.is_none(),
        "it opens under another serial"
    );
    let found = list.and_then(|list| list.into_iter().find(|c| c.serial.eq_ignore_ascii_case(serial)));
    let pem = found.as_ref().map(|certificate| certificate.pem.trim());
    let published = case.maybe("expected_certificate_pem")?;
    case.judged(
        same(
            "certificate",
            &pem,
            &published.map_or(pem, |pem| Some(pem.trim())),
        )
        .and_then(|()| same("whether it is listed", &pem.is_some(), &true)),
    )
}
