//! The merchant's keys by the serials of their certificates. Two are held while
//! one replaces the other: the one that WeChat Pay takes is used.

use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::Clock;

use super::BadAccount;
use super::keys::MerchantKey;
use super::signature::{self, Signing};
use crate::config;

#[derive(Debug)]
pub struct Signers {
    mchid: String,
    /// The configured one first.
    keys: Vec<(String, MerchantKey)>,
    active: AtomicUsize,
}

impl Signers {
    pub fn new(account: &config::WeChat) -> Result<Self, BadAccount> {
        let mut keys = vec![(
            account.serial.to_ascii_uppercase(),
            MerchantKey::from_pem(account.private_key_file.expose())?,
        )];
        for (serial, file) in &account.other_keys {
            keys.push((serial.to_ascii_uppercase(), MerchantKey::from_pem(file.expose())?));
        }
        Ok(Self {
            mchid: account.mchid.clone(),
            keys,
            active: AtomicUsize::new(0),
        })
    }

    /// In which order the keys are tried: the one that was taken last, then the others.
    pub fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, count) = (self.active.load(Ordering::Relaxed), self.keys.len());
        (0..count).map(move |step| (first + step) % count)
    }

    /// WeChat Pay took what this key signed.
    pub fn taken(&self, at: usize) {
        if self.active.swap(at, Ordering::Relaxed) != at
            && let Some((serial, _)) = self.keys.get(at)
        {
            tracing::warn!(wechat.serial = serial, "WeChat Pay takes another key of ours now");
        }
    }

    /// The header of a request, signed with one of the keys. `None` if it refuses.
    pub fn authorization(&self, at: usize, method: &str, target: &str, body: &str) -> Option<String> {
        let (serial, key) = self.keys.get(at)?;
        let nonce = kernel::fresh_uuid().simple().to_string();
        let who = Signing {
            mchid: &self.mchid,
            serial,
            timestamp: Clock::real().timestamp(),
            nonce: &nonce,
        };
        signature::authorization(key, who, method, target, body)
    }

    /// A text signed with the key that is in use.
    pub fn sign(&self, text: &str) -> Option<Vec<u8>> {
        let (_, key) = self.keys.get(self.active.load(Ordering::Relaxed))?;
        key.sign(text.as_bytes())
    }
}
