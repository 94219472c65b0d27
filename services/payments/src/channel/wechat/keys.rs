//! The two kinds of keys: ours, which signs, and WeChat Pay's, which prove
//! what it says. Both of theirs can be held at once, since an account moves from
//! certificates to the public key over days.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};

use super::BadAccount;

/// The merchant's own key, whose certificate WeChat Pay knows.
pub struct MerchantKey {
    pair: KeyPair,
    opening: OaepPrivateDecryptingKey,
}

impl MerchantKey {
    pub fn from_pem(text: &str) -> Result<Self, BadAccount> {
        let der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| BadAccount::PrivateKey)?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(BadAccount::PrivateKey),
        };
        let pair = pair.map_err(|_| BadAccount::PrivateKey)?;
        let opening = pair.as_der().map_err(|_| BadAccount::PrivateKey)?;
        let opening =
            PrivateDecryptingKey::from_pkcs8(opening.as_ref()).map_err(|_| BadAccount::PrivateKey)?;
        let opening = OaepPrivateDecryptingKey::new(opening).map_err(|_| BadAccount::PrivateKey)?;
        Ok(Self { pair, opening })
    }

    /// RSA PKCS#1 v1.5 over SHA-256. `None` if the key refuses.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .ok()?;
        Some(signature)
    }

    /// Opens a field that WeChat Pay sealed for this merchant: base64 of RSA-OAEP
    /// with SHA-1. `None` if it was sealed for another.
    pub fn open(&self, sealed: &str) -> Option<String> {
        let mut room = vec![0; self.opening.min_output_size()];
        let sealed = STANDARD.decode(sealed).ok()?;
        let text = self
            .opening
            .decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut room, None)
            .ok()?;
        String::from_utf8(text.to_vec()).ok()
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
        Certificate::from_pem(text).map(|c| c.key).ok_or_else(bad)
    }

    /// Seals a field that only WeChat Pay may read, as base64 of RSA-OAEP with
    /// SHA-1. `None` if the text is too long for the key.
    pub fn seal(&self, text: &str) -> Option<String> {
        let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&self.0).ok()?).ok()?;
        let mut room = vec![0; key.ciphertext_size()];
        let sealed = key
            .encrypt(&OAEP_SHA1_MGF1SHA1, text.as_bytes(), &mut room, None)
            .ok()?;
        Some(STANDARD.encode(sealed))
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

/// A certificate of WeChat Pay's or of the merchant's, as far as it is used here.
#[derive(Debug)]
pub struct Certificate {
    /// In capital hex, as headers name it.
    pub serial: String,
    pub key: Key,
}

impl Certificate {
    pub fn from_pem(text: &str) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
        let certificate = webpki::EndEntityCert::try_from(&der).ok()?;
        // DER puts a zero before a number whose first bit is set
        let serial = match certificate.serial() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            serial => serial,
        };
        Some(Self {
            serial: hex::encode_upper(serial),
            key: Key(certificate.subject_public_key_info().as_ref().to_vec()),
        })
    }
}

/// WeChat Pay's keys by what `Wechatpay-Serial` says: `PUB_KEY_ID_…` for the
/// public key, a serial in capital hex for a certificate.
#[derive(Debug, Clone, Default)]
pub struct PlatformKeys(BTreeMap<String, Held>);

#[derive(Debug, Clone)]
struct Held {
    key: Arc<Key>,
    /// Nothing is believed that is signed with it later.
    until: Option<Timestamp>,
}

impl PlatformKeys {
    pub fn insert(&mut self, serial: &str, key: Key) {
        self.hold(serial, key, None);
    }

    /// Holds the key of a certificate that ends.
    pub fn insert_until(&mut self, serial: &str, key: Key, until: Timestamp) {
        self.hold(serial, key, Some(until));
    }

    fn hold(&mut self, serial: &str, key: Key, until: Option<Timestamp>) {
        let key = Arc::new(key);
        self.0.insert(normal(serial), Held { key, until });
    }

    /// The key by a serial, unless it has ended.
    pub fn get(&self, serial: &str, now: Timestamp) -> Option<&Key> {
        self.0
            .get(&normal(serial))
            .filter(|held| held.until.is_none_or(|until| now < until))
            .map(|held| held.key.as_ref())
    }

    /// Takes over all keys of others, and lets go of those that have ended.
    pub fn extend(&mut self, others: &Self, now: Timestamp) {
        self.0.extend(
            others
                .0
                .iter()
                .map(|(serial, held)| (serial.clone(), held.clone())),
        );
        self.0
            .retain(|_, held| held.until.is_none_or(|until| now < until));
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

    /// With which key a field is sealed, by its name: the public key, or the
    /// certificate that holds longest.
    pub fn sealing(&self, now: Timestamp) -> Option<(&str, &Key)> {
        let longest = self
            .0
            .iter()
            .max_by_key(|(_, held)| held.until.unwrap_or(Timestamp::MIN_UTC));
        let id = self.public_key_id().or(longest.map(|(id, _)| id.as_str()))?;
        self.get(id, now).map(|key| (id, key))
    }
}

fn normal(serial: &str) -> String {
    serial.trim().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key() -> Key {
        Key(Vec::new())
    }

    #[test]
    fn a_certificate_that_has_ended_proves_nothing() {
        let end = kernel::Clock::real();
        let mut keys = PlatformKeys::default();
        keys.insert_until("0a", key(), end);
        let before = end - Duration::from_secs(1);
        assert!(keys.get("0A", before).is_some());
        assert!(keys.get("0A", end).is_none());
        keys.extend(&PlatformKeys::default(), end);
        assert!(keys.is_empty());
    }

    #[test]
    fn fields_are_sealed_with_the_public_key_or_else_with_what_holds_longest() {
        let now = kernel::Clock::real();
        let mut keys = PlatformKeys::default();
        assert!(keys.sealing(now).is_none());
        keys.insert_until("B", key(), now + Duration::from_secs(1));
        keys.insert_until("A", key(), now + Duration::from_secs(2));
        assert_eq!(keys.sealing(now).map(|(id, _)| id), Some("A"));
        keys.insert("PUB_KEY_ID_1", key());
        assert_eq!(keys.sealing(now).map(|(id, _)| id), Some("PUB_KEY_ID_1"));
    }
}
