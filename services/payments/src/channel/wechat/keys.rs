//! The two kinds of keys: ours, which signs, and WeChat Pay's, which prove
//! what it says. Both of theirs can be held at once, since an account moves from
//! certificates to the public key over days.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};

use super::BadAccount;

/// The merchant's own key, whose certificate WeChat Pay knows.
pub struct MerchantKey(KeyPair);

impl MerchantKey {
    pub fn from_pem(text: &str) -> Result<Self, BadAccount> {
        let der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| BadAccount::PrivateKey)?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(BadAccount::PrivateKey),
        };
        pair.map(Self).map_err(|_| BadAccount::PrivateKey)
    }

    /// RSA PKCS#1 v1.5 over SHA-256. `None` if the key refuses.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .ok()?;
        Some(signature)
    }
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MerchantKey")
    }
}

/// A key of WeChat Pay's: a bare public key, or the one in a certificate.
pub struct Key(Vec<u8>);

impl Key {
    /// Reads a public key or a certificate in PEM; `name` is for the error.
    pub fn from_pem(name: &str, text: &str) -> Result<Self, BadAccount> {
        let bad = || BadAccount::PlatformKey(name.to_owned());
        if let Ok(key) = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()) {
            return Ok(Self(key.as_ref().to_vec()));
        }
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| bad())?;
        let certificate = webpki::EndEntityCert::try_from(&certificate).map_err(|_| bad())?;
        Ok(Self(certificate.subject_public_key_info().as_ref().to_vec()))
    }

    /// Whether the signature over the message is by this key.
    pub fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// WeChat Pay's keys by what `Wechatpay-Serial` says: `PUB_KEY_ID_…` for the
/// public key, a serial in capital hex for a certificate.
#[derive(Debug, Default)]
pub struct PlatformKeys(BTreeMap<String, Key>);

impl PlatformKeys {
    pub fn insert(&mut self, serial: &str, key: Key) {
        self.0.insert(normal(serial), key);
    }

    pub fn get(&self, serial: &str) -> Option<&Key> {
        self.0.get(&normal(serial))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The id of the public key, which requests name so that answers use it.
    pub fn public_key_id(&self) -> Option<&str> {
        self.0
            .keys()
            .map(String::as_str)
            .find(|id| id.starts_with("PUB_KEY_ID_"))
    }
}

fn normal(serial: &str) -> String {
    serial.trim().to_ascii_uppercase()
}
