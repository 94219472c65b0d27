use std::collections::BTreeMap;
use std::path::Path;

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::PersonId;

use super::KEY_LEN;
use super::data_key::aes;
use crate::Error;

/// The keys that the database never sees.
pub(super) struct Keyring {
    /// The wrapping keys by version; the highest wraps what is new.
    wrapping: BTreeMap<i32, [u8; KEY_LEN]>,
    pub(super) index: hmac::Key,
}

/// Why key material cannot be used. Never holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum BadKeys {
    #[error("cannot read the key file {path}")]
    Unreadable {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the wrapping keys must be lines of `<version>:<32 bytes in hex or base64>`, versions from 1")]
    Wrapping,
    #[error("the index key must be 32 bytes in hex or base64")]
    Index,
}

pub(super) fn read(path: &Path) -> Result<String, BadKeys> {
    let unreadable = |source| BadKeys::Unreadable {
        path: path.display().to_string(),
        source,
    };
    std::fs::read_to_string(path).map_err(unreadable)
}

impl Keyring {
    pub(super) fn from_text(wrapping: &str, index: &str) -> Result<Self, BadKeys> {
        let mut keys = BTreeMap::new();
        for line in wrapping.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (version, key) = line.split_once(':').unwrap_or(("1", line));
            let version: i32 = version.parse().map_err(|_| BadKeys::Wrapping)?;
            let key = key_from_text(key).ok_or(BadKeys::Wrapping)?;
            if version < 1 || keys.insert(version, key).is_some() {
                return Err(BadKeys::Wrapping);
            }
        }
        if keys.is_empty() {
            return Err(BadKeys::Wrapping);
        }
        let index = key_from_text(index).ok_or(BadKeys::Index)?;
        Ok(Self {
            wrapping: keys,
            index: hmac::Key::new(hmac::HMAC_SHA256, &index),
        })
    }

    pub(super) fn versions(&self) -> Vec<i32> {
        self.wrapping.keys().copied().collect()
    }

    /// The version that wraps what is new.
    pub(super) fn newest(&self) -> Result<i32, Error> {
        let newest = self.wrapping.last_key_value().map(|(version, _)| *version);
        newest.ok_or_else(|| Error::Internal("the vault has no wrapping key".to_owned()))
    }

    fn wrapping(&self, kek: i32) -> Result<RandomizedNonceKey, Error> {
        let key = self.wrapping.get(&kek);
        aes(key.ok_or_else(|| Error::Internal(format!("wrapping key {kek} is not mounted")))?)
    }

    /// A person's key, wrapped by the wrapping key of version `kek`.
    pub(super) fn wrap(
        &self,
        owner: PersonId,
        version: i32,
        kek: i32,
        key: &[u8; KEY_LEN],
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = key.to_vec();
        let nonce = self
            .wrapping(kek)?
            .seal_in_place_append_tag(Aad::from(context(owner, version, kek)), &mut bytes)
            .map_err(|_| Error::Internal("wrapping failed".to_owned()))?;
        Ok([nonce.as_ref().as_slice(), &bytes].concat())
    }

    pub(super) fn unwrap(
        &self,
        owner: PersonId,
        version: i32,
        kek: i32,
        wrapped: &[u8],
    ) -> Result<[u8; KEY_LEN], Error> {
        let broken = || Error::Inconsistent {
            table: "vault_keys",
            what: format!("the key of {owner} does not unwrap"),
        };
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
        let mut bytes = sealed.to_vec();
        let aad = Aad::from(context(owner, version, kek));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self
            .wrapping(kek)?
            .open_in_place(nonce, aad, &mut bytes)
            .map_err(|_| broken())?;
        <[u8; KEY_LEN]>::try_from(&*plain).map_err(|_| broken())
    }
}

fn context(owner: PersonId, version: i32, kek: i32) -> Vec<u8> {
    format!("key|{owner}|{version}|{kek}").into_bytes()
}

fn key_from_text(text: &str) -> Option<[u8; KEY_LEN]> {
    let text = text.trim();
    let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(wrapping: &str) -> Keyring {
        Keyring::from_text(wrapping, &"ab".repeat(32)).unwrap()
    }

    fn line(version: i32, byte: &str) -> String {
        format!("{version}:{}\n", byte.repeat(32))
    }

    #[test]
    fn key_files_that_make_no_sense_are_refused() {
        let twice = format!("{}{}", line(1, "ab"), line(1, "cd"));
        for text in ["", "1", "1:ab", "x:ab", &line(0, "ab"), &twice] {
            assert!(Keyring::from_text(text, &"ab".repeat(32)).is_err(), "{text}");
        }
        assert!(Keyring::from_text(&line(1, "ab"), "ab").is_err());
    }

    #[test]
    fn a_lone_key_in_base64_is_the_first_version() {
        let lone = keyring(&STANDARD.encode([0xab; 32]));
        let nobody = PersonId(uuid::Uuid::nil());
        let wrapped = keyring(&line(1, "ab")).wrap(nobody, 1, 1, &[7; 32]).unwrap();
        assert_eq!(lone.unwrap(nobody, 1, 1, &wrapped).unwrap(), [7; 32]);
    }

    #[test]
    fn a_key_unwraps_for_its_owner_and_version_only() {
        let keys = keyring(&format!("{}{}", line(1, "ab"), line(2, "cd")));
        assert_eq!(keys.newest().unwrap(), 2);
        let (owner, other) = (PersonId::fresh(), PersonId::fresh());
        let wrapped = keys.wrap(owner, 1, 2, &[7; 32]).unwrap();
        assert_eq!(keys.unwrap(owner, 1, 2, &wrapped).unwrap(), [7; 32]);
        assert!(keys.unwrap(other, 1, 2, &wrapped).is_err());
        assert!(keys.unwrap(owner, 2, 2, &wrapped).is_err());
        assert!(keys.unwrap(owner, 1, 1, &wrapped).is_err());
    }
}
