//! RSA with SHA-256 as channels use it: keys in every form in which they are
//! handed out, and PKCS#1 v1.5 signatures.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// A key of ours, which signs.
pub struct SigningKey(KeyPair);

impl SigningKey {
    /// Reads PKCS#1 or PKCS#8, in PEM or in base64 without armour.
    pub fn from_text(text: &str) -> Option<Self> {
        let der = der_of(text)?;
        let pair = KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der));
        pair.ok().map(Self)
    }

    /// `None` if the key refuses.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .ok()?;
        Some(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// A key of the channel's, which proves what it says.
pub struct CheckingKey(ParsedPublicKey);

impl CheckingKey {
    /// Reads a public key or a certificate, in PEM or in base64 without armour.
    pub fn from_text(text: &str) -> Option<Self> {
        let der = der_of(text)?;
        if let Ok((_, certificate)) = X509Certificate::from_der(&der) {
            return Self::from_spki(certificate.public_key().raw);
        }
        Self::from_spki(&der)
    }

    fn from_spki(der: &[u8]) -> Option<Self> {
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
            .ok()
            .map(Self)
    }

    /// Whether the signature over the message is by this key.
    pub fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for CheckingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckingKey")
    }
}

/// The bytes of a PEM text's first section, or of base64 without armour, with
/// whatever white space a copy left in it.
fn der_of(text: &str) -> Option<Vec<u8>> {
    if text.contains("-----BEGIN") {
        let (_, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(text.as_bytes()).ok()?;
        return Some(der);
    }
    let bare: String = text.split_whitespace().collect();
    STANDARD.decode(bare).ok()
}
