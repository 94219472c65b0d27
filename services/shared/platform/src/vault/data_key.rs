use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use kernel::PersonId;

use super::{KEY_LEN, Sealed};
use crate::Error;

/// The layout of a sealed value: this byte, the key version, nonce, ciphertext with tag.
const LAYOUT: u8 = 1;
const HEADER_LEN: usize = 1 + 4 + NONCE_LEN;

/// The key of one person.
pub(super) struct DataKey {
    version: i32,
    key: RandomizedNonceKey,
}

impl DataKey {
    pub(super) fn new(version: i32, bytes: &[u8; KEY_LEN]) -> Result<Self, Error> {
        Ok(Self {
            version,
            key: aes(bytes)?,
        })
    }

    pub(super) fn seal(
        &self,
        owner: PersonId,
        column: &'static str,
        plaintext: &[u8],
    ) -> Result<Sealed, Error> {
        let mut bytes = plaintext.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(context(owner, column, self.version)), &mut bytes)
            .map_err(|_| Error::Internal("sealing failed".to_owned()))?;
        let mut sealed = Vec::with_capacity(HEADER_LEN + bytes.len());
        sealed.push(LAYOUT);
        sealed.extend(self.version.to_be_bytes());
        sealed.extend(nonce.as_ref());
        sealed.extend(bytes);
        Ok(Sealed { bytes: sealed })
    }

    /// None when this was sealed otherwise than for this owner and column, or was changed.
    pub(super) fn open(&self, owner: PersonId, column: &'static str, sealed: &Sealed) -> Option<Vec<u8>> {
        let (version, nonce, ciphertext) = parts(&sealed.bytes)?;
        let mut bytes = ciphertext.to_vec();
        let aad = Aad::from(context(owner, column, version));
        let plain = self.key.open_in_place(nonce, aad, &mut bytes).ok()?;
        Some(plain.to_vec())
    }
}

/// Which version of the owner's key a value was sealed with.
pub(super) fn version_of(sealed: &Sealed) -> Option<i32> {
    parts(&sealed.bytes).map(|(version, ..)| version)
}

pub(super) fn aes(key: &[u8; KEY_LEN]) -> Result<RandomizedNonceKey, Error> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Error::Internal("no usable key".to_owned()))
}

fn context(owner: PersonId, column: &str, version: i32) -> Vec<u8> {
    format!("{owner}|{column}|{version}").into_bytes()
}

fn parts(sealed: &[u8]) -> Option<(i32, Nonce, &[u8])> {
    let (layout, rest) = sealed.split_first()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    (*layout == LAYOUT).then_some((i32::from_be_bytes(*version), nonce, ciphertext))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person() -> impl Strategy<Value = PersonId> {
        any::<u128>().prop_map(|n| PersonId(uuid::Uuid::from_u128(n)))
    }

    proptest! {
        #[test]
        fn any_text_opens_as_it_was_sealed(key: [u8; 32], version in 1i32.., owner in person(), text in "\\PC{0,200}") {
            let key = DataKey::new(version, &key).unwrap();
            let sealed = key.seal(owner, "people.name", text.as_bytes()).unwrap();
            prop_assert_eq!(version_of(&sealed), Some(version));
            prop_assert_eq!(key.open(owner, "people.name", &sealed), Some(text.into_bytes()));
        }

        #[test]
        fn nothing_opens_for_another_owner_column_key_or_version(
            key: [u8; 32], other: [u8; 32], owner in person(), stranger in person(), text in "\\PC{0,40}",
        ) {
            prop_assume!(key != other && owner != stranger);
            let right = DataKey::new(1, &key).unwrap();
            let sealed = right.seal(owner, "people.name", text.as_bytes()).unwrap();
            prop_assert_eq!(right.open(stranger, "people.name", &sealed), None);
            prop_assert_eq!(right.open(owner, "people.phone", &sealed), None);
            prop_assert_eq!(DataKey::new(1, &other).unwrap().open(owner, "people.name", &sealed), None);
        }

        #[test]
        fn any_changed_bit_is_noticed(key: [u8; 32], owner in person(), text in "\\PC{0,40}", at: prop::sample::Index, bit in 0u8..8) {
            let key = DataKey::new(1, &key).unwrap();
            let mut sealed = key.seal(owner, "people.name", text.as_bytes()).unwrap();
            let at = at.index(sealed.bytes.len());
            sealed.bytes[at] ^= 1 << bit;
            prop_assert_eq!(key.open(owner, "people.name", &sealed), None);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(key: [u8; 32], owner in person(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(DataKey::new(1, &key).unwrap().open(owner, "people.name", &Sealed { bytes }), None);
        }
    }
}
