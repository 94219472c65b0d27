//! WeChat Pay's signatures and encryption, seen from the channel's side, made
//! from the protocol's text alone: it shares nothing with any adapter, so that
//! both cannot be wrong alike.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// The one scheme of signatures.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// How a signature begins that is sent only to see whether it is refused.
pub const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// The bytes of a PEM text's first section, or of base64 without armour.
pub fn der_of(text: &str) -> Result<Vec<u8>> {
    let body = match text.split_once("-----BEGIN ") {
        None => text,
        Some((_, rest)) => rest
            .split_once("-----")
            .and_then(|(_, rest)| rest.split_once("-----END "))
            .map(|(body, _)| body)
            .context("no section in this PEM")?,
    };
    let body: String = body.split_whitespace().collect();
    Ok(STANDARD.decode(body)?)
}

/// A private key in PKCS#8, from any form in which keys are handed out.
pub fn private_der(text: &str) -> Result<Vec<u8>> {
    let der = der_of(text)?;
    let pair = KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der));
    let pair = pair.map_err(|_| anyhow::anyhow!("no RSA key"))?;
    Ok(pair.as_der()?.as_ref().to_vec())
}

/// A public key as it stands in certificates, from any form.
pub fn public_der(text: &str) -> Result<Vec<u8>> {
    let der = der_of(text)?;
    Ok(match X509Certificate::from_der(&der) {
        Ok((_, certificate)) => certificate.public_key().raw.to_vec(),
        Err(_) => der,
    })
}

/// A certificate's serial in capital hex, as headers name it.
pub fn serial_of(certificate: &str) -> Result<String> {
    let der = der_of(certificate)?;
    let (_, certificate) = X509Certificate::from_der(&der)?;
    let bytes = certificate.serial.to_bytes_be();
    Ok(hex::encode_upper(bytes))
}

/// What a merchant signs of a request; every line ends in a line feed.
pub fn request_text(
    method: &str,
    path_and_query: &str,
    timestamp: &str,
    nonce: &str,
    body: &[u8],
) -> Vec<u8> {
    let mut text = format!("{method}\n{path_and_query}\n{timestamp}\n{nonce}\n").into_bytes();
    text.extend_from_slice(body);
    text.push(b'\n');
    text
}

/// What the channel signs of an answer or a callback.
pub fn answer_text(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("{timestamp}\n{nonce}\n").into_bytes();
    text.extend_from_slice(body);
    text.push(b'\n');
    text
}

/// A private key that signs.
pub struct SigningKey(RsaKeyPair);

impl SigningKey {
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::from_der(&private_der(text)?)
    }

    pub fn from_der(der: &[u8]) -> Result<Self> {
        let key = RsaKeyPair::from_pkcs8(der);
        key.map(Self).map_err(|_| anyhow::anyhow!("no RSA key in PKCS#8"))
    }

    /// The signature in base64.
    pub fn sign(&self, text: &[u8]) -> Result<String> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
            .map_err(|_| anyhow::anyhow!("signing failed"))?;
        Ok(STANDARD.encode(signature))
    }
}

/// A public key that checks signatures.
pub struct CheckingKey(Vec<u8>);

impl CheckingKey {
    /// Reads a public key or a certificate.
    pub fn from_pem(text: &str) -> Result<Self> {
        let der = public_der(text)?;
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der)
            .map_err(|_| anyhow::anyhow!("no RSA public key"))?;
        Ok(Self(der))
    }

    pub fn accepts(&self, text: &[u8], signature_base64: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature_base64) else {
            return false;
        };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0)
            .verify(text, &signature)
            .is_ok()
    }
}

/// A private key that opens fields sealed for it: RSA-OAEP with SHA-1.
pub struct OpeningKey(OaepPrivateDecryptingKey);

impl OpeningKey {
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::from_der(&private_der(text)?)
    }

    pub fn from_der(der: &[u8]) -> Result<Self> {
        let key = PrivateDecryptingKey::from_pkcs8(der)
            .ok()
            .and_then(|key| OaepPrivateDecryptingKey::new(key).ok());
        key.map(Self).context("no RSA key in PKCS#8")
    }

    pub fn open(&self, sealed_base64: &str) -> Option<String> {
        let mut room = vec![0; self.0.min_output_size()];
        let sealed = STANDARD.decode(sealed_base64).ok()?;
        let plain = self
            .0
            .decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut room, None)
            .ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

/// What a merchant signs for a page to call up a payment.
pub fn call_text(appid: &str, timestamp: &str, nonce: &str, package: &str) -> String {
    [appid, timestamp, nonce, package]
        .map(|line| format!("{line}\n"))
        .concat()
}

/// The parts of a merchant's `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    pub mchid: String,
    pub nonce: String,
    pub timestamp: String,
    pub serial: String,
    pub signature: String,
}

impl Authorization {
    /// Reads the header; each part must be there once, and no other.
    pub fn parse(header: &str) -> Result<Self> {
        let parts = header
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.strip_prefix(' '))
            .context("unknown scheme")?;
        let mut found = BTreeMap::new();
        for part in parts.split(',') {
            let (name, value) = part.split_once('=').context("a part without =")?;
            let value = value
                .strip_prefix('"')
                .and_then(|v| v.strip_suffix('"'))
                .context("a part without quotes")?;
            if found.insert(name.to_owned(), value.to_owned()).is_some() {
                bail!("{name} stands twice");
            }
        }
        let mut take = |name: &str| found.remove(name).with_context(|| format!("{name} is missing"));
        let all = Self {
            mchid: take("mchid")?,
            nonce: take("nonce_str")?,
            timestamp: take("timestamp")?,
            serial: take("serial_no")?,
            signature: take("signature")?,
        };
        ensure!(found.is_empty(), "unknown parts");
        ensure!(
            (1..=32).contains(&all.nonce.len()) && all.nonce.bytes().all(|b| b.is_ascii_alphanumeric()),
            "nonce_str must be at most 32 letters and digits"
        );
        Ok(all)
    }
}

/// AES-GCM as callbacks use it: the key's bytes as they are, the tag behind the ciphertext, base64.
pub fn encrypt(key: &[u8], nonce: &str, associated: &str, plain: &[u8]) -> Result<String> {
    let mut bytes = plain.to_vec();
    aes(key)?
        .seal_in_place_append_tag(gcm_nonce(nonce)?, Aad::from(associated.as_bytes()), &mut bytes)
        .map_err(|_| anyhow::anyhow!("encryption failed"))?;
    Ok(STANDARD.encode(bytes))
}

/// The way back, for whoever tests a receiver of callbacks.
pub fn decrypt(key: &[u8], nonce: &str, associated: &str, ciphertext_base64: &str) -> Result<Vec<u8>> {
    let mut bytes = STANDARD.decode(ciphertext_base64)?;
    let plain = aes(key)?
        .open_in_place(gcm_nonce(nonce)?, Aad::from(associated.as_bytes()), &mut bytes)
        .map_err(|_| anyhow::anyhow!("decryption failed"))?;
    Ok(plain.to_vec())
}

fn aes(key: &[u8]) -> Result<LessSafeKey> {
    let algorithm = if key.len() == 16 {
        &AES_128_GCM
    } else {
        &AES_256_GCM
    };
    let key = UnboundKey::new(algorithm, key).map_err(|_| anyhow::anyhow!("no AES key of that length"))?;
    Ok(LessSafeKey::new(key))
}

fn gcm_nonce(text: &str) -> Result<Nonce> {
    Nonce::try_assume_unique_for_key(text.as_bytes())
        .map_err(|_| anyhow::anyhow!("the nonce must have 12 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_a_part_missing_twice_or_unknown_is_refused() {
        let good =
            r#"WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="a",signature="s",timestamp="1",serial_no="F""#;
        assert!(Authorization::parse(good).is_ok());
        for bad in [
            good.replace("WECHATPAY2", "WECHATPAY3"),
            good.replace(r#"mchid="1","#, ""),
            good.replace(r#"mchid="1""#, r#"mchid="1",mchid="2""#),
            good.replace(r#"nonce_str="a""#, r#"nonce_str="a b""#),
            format!(r#"{good},extra="1""#),
            good.replace('"', ""),
        ] {
            assert!(Authorization::parse(&bad).is_err(), "{bad}");
        }
    }
}
