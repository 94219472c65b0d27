//! What comes sealed under the APIv3 key, in callbacks and in the list of
//! platform certificates: AES-GCM.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The APIv3 key.
pub struct ResourceKey(LessSafeKey);

impl ResourceKey {
    /// The key of an account: 32 characters, which are the key themselves and
    /// not an encoding of it.
    pub fn of_account(text: &str) -> Option<Self> {
        (text.len() == AES_256_GCM.key_len())
            .then(|| Self::from_text(text))
            .flatten()
    }

    /// A key of 16 or 32 characters. WeChat Pay's own libraries test with 16;
    /// no account has such a key.
    pub fn from_text(text: &str) -> Option<Self> {
        let algorithm = [&AES_128_GCM, &AES_256_GCM]
            .into_iter()
            .find(|a| a.key_len() == text.len())?;
        UnboundKey::new(algorithm, text.as_bytes())
            .ok()
            .map(LessSafeKey::new)
            .map(Self)
    }

    /// Opens base64 of ciphertext and tag. `None` unless all of key, nonce
    /// (exactly 12 bytes) and associated data are those it was sealed with.
    pub fn open(&self, nonce: &str, associated_data: &str, ciphertext: &str) -> Option<Vec<u8>> {
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
        let mut bytes = STANDARD.decode(ciphertext).ok()?;
        let length = self
            .0
            .open_in_place(nonce, Aad::from(associated_data.as_bytes()), &mut bytes)
            .ok()?
            .len();
        bytes.truncate(length);
        Some(bytes)
    }
}

impl fmt::Debug for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResourceKey")
    }
}

/// What is sealed, as it lies in its envelope.
#[derive(Debug, Deserialize)]
pub struct Resource {
    pub original_type: Option<String>,
    pub algorithm: String,
    pub ciphertext: String,
    #[serde(default)]
    pub associated_data: Option<String>,
    pub nonce: String,
}

impl Resource {
    /// The text inside.
    pub fn open(&self, key: &ResourceKey) -> Option<String> {
        if self.algorithm != "AEAD_AES_256_GCM" {
            return None;
        }
        let associated_data = self.associated_data.as_deref().unwrap_or_default();
        String::from_utf8(key.open(&self.nonce, associated_data, &self.ciphertext)?).ok()
    }
}
