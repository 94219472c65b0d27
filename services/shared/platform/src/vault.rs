//! Personal data at rest. Each person's data is sealed with a key of their
//! own; that key lies in the database wrapped by a key from a mounted file, so
//! neither is of use alone, and losing the first erases the person everywhere,
//! backups included. Equality is asked through a blind index under yet another key.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::PersonId;
use sqlx::{PgConnection, Row};

use crate::Error;

/// Length of every key here.
const KEY_LEN: usize = 32;
/// The layout of a sealed value: this byte, the key version, nonce, ciphertext with tag.
const LAYOUT: u8 = 1;
const HEADER_LEN: usize = 1 + 4 + NONCE_LEN;

/// A sealed value, for a column of type bytea.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Sealed {
    pub bytes: Vec<u8>,
}

impl From<Vec<u8>> for Sealed {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }
}

/// Seals, opens, finds and erases personal data of one service.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<Keys>,
}

struct Keys {
    /// The wrapping keys by version; the highest wraps what is new.
    wrapping: BTreeMap<i32, [u8; KEY_LEN]>,
    index: hmac::Key,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("wrapping", &self.keys.wrapping.keys())
            .finish_non_exhaustive()
    }
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

struct DataKey {
    version: i32,
    key: RandomizedNonceKey,
}

impl Vault {
    /// Reads the wrapping keys and the index key from their mounted files.
    pub fn from_files(wrapping: &Path, index: &Path) -> Result<Self, BadKeys> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|source| BadKeys::Unreadable {
                path: path.display().to_string(),
                source,
            })
        };
        Self::from_text(&read(wrapping)?, &read(index)?)
    }

    /// `wrapping` has a line `<version>:<key>` for each key still in use; a key
    /// without a version is the first. Keys are 32 bytes in hex or base64.
    pub fn from_text(wrapping: &str, index: &str) -> Result<Self, BadKeys> {
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
        let index = hmac::Key::new(hmac::HMAC_SHA256, &index);
        Ok(Self {
            keys: Arc::new(Keys {
                wrapping: keys,
                index,
            }),
        })
    }

    /// Seals a text of `owner` for `column`; it opens for no other owner and no
    /// other column. Refused once the owner was erased.
    pub async fn seal(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        column: &'static str,
        plaintext: &str,
    ) -> Result<Sealed, Error> {
        let data = self.newest_key(conn, owner).await?;
        let mut bytes = plaintext.as_bytes().to_vec();
        let nonce = data
            .key
            .seal_in_place_append_tag(Aad::from(context(owner, column, data.version)), &mut bytes)
            .map_err(|_| Error::Internal("sealing failed".to_owned()))?;
        let mut sealed = Vec::with_capacity(HEADER_LEN + bytes.len());
        sealed.push(LAYOUT);
        sealed.extend(data.version.to_be_bytes());
        sealed.extend(nonce.as_ref());
        sealed.extend(bytes);
        Ok(Sealed { bytes: sealed })
    }

    /// The text that was sealed; `None` when the owner was erased. Fails when the
    /// value was sealed for somebody or something else, or was changed.
    pub async fn open(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        column: &'static str,
        sealed: &Sealed,
    ) -> Result<Option<String>, Error> {
        let broken = || Error::Inconsistent {
            table: "vault_keys",
            what: format!("{column} of {owner} does not open"),
        };
        let (version, nonce, ciphertext) = parts(&sealed.bytes).ok_or_else(broken)?;
        let Some(data) = self.key(conn, owner, version).await? else {
            return Ok(None);
        };
        let mut bytes = ciphertext.to_vec();
        let plain = data
            .key
            .open_in_place(nonce, Aad::from(context(owner, column, version)), &mut bytes)
            .map_err(|_| broken())?;
        String::from_utf8(plain.to_vec()).map(Some).map_err(|_| broken())
    }

    /// What equal values of one `kind` have in common and nobody without the key
    /// can compute: the value must be normalised by its own type before.
    pub fn blind_index(&self, kind: &'static str, normalised: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.keys.index);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(normalised.as_bytes());
        context.sign().as_ref().to_vec()
    }

    /// Makes everything that was sealed for `owner` unreadable for ever.
    pub async fn shred(&self, conn: &mut PgConnection, owner: PersonId) -> Result<(), Error> {
        let wrapping = self.newest_wrapping()?.0;
        // A row even for somebody without sealed data: nothing may be sealed for them later.
        sqlx::query(
            "insert into vault_keys (owner_id, key_version, kek_version, shredded_at) values ($1, 1, $2, now())
             on conflict do nothing",
        )
        .bind(owner.0)
        .bind(wrapping)
        .execute(&mut *conn)
        .await?;
        sqlx::query("update vault_keys set wrapped = null, shredded_at = now() where owner_id = $1 and wrapped is not null")
            .bind(owner.0)
            .execute(conn)
            .await?;
        Ok(())
    }

    /// Wraps up to `most` data keys anew that an older wrapping key wraps, and
    /// says how many there were: repeat until zero, then retire the old key.
    pub async fn rewrap(&self, conn: &mut PgConnection, most: i64) -> Result<usize, Error> {
        let (newest, _) = self.newest_wrapping()?;
        let rows = sqlx::query(
            "select owner_id, key_version, kek_version, wrapped from vault_keys
             where kek_version < $1 and wrapped is not null limit $2 for no key update skip locked",
        )
        .bind(newest)
        .bind(most)
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let (owner, version) = (PersonId(row.try_get("owner_id")?), row.try_get("key_version")?);
            let key = self.unwrap_key(
                owner,
                version,
                row.try_get("kek_version")?,
                row.try_get("wrapped")?,
            )?;
            sqlx::query("update vault_keys set kek_version = $3, wrapped = $4 where owner_id = $1 and key_version = $2")
                .bind(owner.0)
                .bind(version)
                .bind(newest)
                .bind(self.wrap_key(owner, version, newest, &key)?)
                .execute(&mut *conn)
                .await?;
        }
        Ok(rows.len())
    }

    async fn newest_key(&self, conn: &mut PgConnection, owner: PersonId) -> Result<DataKey, Error> {
        let (kek_version, _) = self.newest_wrapping()?;
        let mut fresh = [0; KEY_LEN];
        rand::fill(&mut fresh).map_err(|_| Error::Internal("no randomness".to_owned()))?;
        // Two first seals of one owner may race: the second waits here and then uses the first's key.
        sqlx::query(
            "insert into vault_keys (owner_id, key_version, kek_version, wrapped)
             select $1, 1, $2, $3 where not exists (select 1 from vault_keys where owner_id = $1)
             on conflict do nothing",
        )
        .bind(owner.0)
        .bind(kek_version)
        .bind(self.wrap_key(owner, 1, kek_version, &fresh)?)
        .execute(&mut *conn)
        .await?;
        let version: i32 = sqlx::query_scalar("select max(key_version) from vault_keys where owner_id = $1")
            .bind(owner.0)
            .fetch_one(&mut *conn)
            .await?;
        self.key(conn, owner, version)
            .await?
            .ok_or_else(|| Error::wrong_state("person", "erased"))
    }

    async fn key(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        version: i32,
    ) -> Result<Option<DataKey>, Error> {
        let row = sqlx::query(
            "select kek_version, wrapped from vault_keys where owner_id = $1 and key_version = $2",
        )
        .bind(owner.0)
        .bind(version)
        .fetch_optional(conn)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let Some(wrapped) = row.try_get::<Option<Vec<u8>>, _>("wrapped")? else {
            return Ok(None);
        };
        let bytes = self.unwrap_key(owner, version, row.try_get("kek_version")?, &wrapped)?;
        Ok(Some(DataKey {
            version,
            key: aes(&bytes)?,
        }))
    }

    fn newest_wrapping(&self) -> Result<(i32, &[u8; KEY_LEN]), Error> {
        let newest = self.keys.wrapping.last_key_value();
        newest
            .map(|(v, k)| (*v, k))
            .ok_or_else(|| Error::Internal("the vault has no wrapping key".to_owned()))
    }

    fn wrapping(&self, kek_version: i32) -> Result<RandomizedNonceKey, Error> {
        let key = self.keys.wrapping.get(&kek_version);
        aes(key.ok_or_else(|| Error::Internal(format!("wrapping key {kek_version} is not mounted")))?)
    }

    fn wrap_key(
        &self,
        owner: PersonId,
        version: i32,
        kek: i32,
        key: &[u8; KEY_LEN],
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = key.to_vec();
        let nonce = self
            .wrapping(kek)?
            .seal_in_place_append_tag(Aad::from(wrap_context(owner, version, kek)), &mut bytes)
            .map_err(|_| Error::Internal("wrapping failed".to_owned()))?;
        Ok([nonce.as_ref().as_slice(), &bytes].concat())
    }

    fn unwrap_key(
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
        let aad = Aad::from(wrap_context(owner, version, kek));
        let plain = self
            .wrapping(kek)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut bytes)
            .map_err(|_| broken())?;
        <[u8; KEY_LEN]>::try_from(&*plain).map_err(|_| broken())
    }
}

fn context(owner: PersonId, column: &str, version: i32) -> Vec<u8> {
    format!("{owner}|{column}|{version}").into_bytes()
}

fn wrap_context(owner: PersonId, version: i32, kek: i32) -> Vec<u8> {
    format!("key|{owner}|{version}|{kek}").into_bytes()
}

fn parts(sealed: &[u8]) -> Option<(i32, Nonce, &[u8])> {
    let (layout, rest) = sealed.split_first()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
    (*layout == LAYOUT).then(|| {
        (
            i32::from_be_bytes(*version),
            Nonce::assume_unique_for_key(*nonce),
            ciphertext,
        )
    })
}

fn aes(key: &[u8; KEY_LEN]) -> Result<RandomizedNonceKey, Error> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Error::Internal("no usable key".to_owned()))
}

fn key_from_text(text: &str) -> Option<[u8; KEY_LEN]> {
    let text = text.trim();
    let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(wrapping: &str) -> Vault {
        Vault::from_text(wrapping, &"ab".repeat(32)).unwrap()
    }

    fn line(version: i32, byte: &str) -> String {
        format!("{version}:{}\n", byte.repeat(32))
    }

    #[test]
    fn key_files_that_make_no_sense_are_refused() {
        for text in [
            "",
            "1",
            "1:ab",
            "x:ab",
            &line(0, "ab"),
            &format!("{}{}", line(1, "ab"), line(1, "cd")),
        ] {
            assert!(Vault::from_text(text, &"ab".repeat(32)).is_err(), "{text}");
        }
        assert!(Vault::from_text(&line(1, "ab"), "ab").is_err());
    }

    #[test]
    fn a_lone_key_in_base64_is_the_first_version() {
        let lone = vault(&STANDARD.encode([0xab; 32]));
        let wrapped = vault(&line(1, "ab"))
            .wrap_key(PersonId(uuid::Uuid::nil()), 1, 1, &[7; 32])
            .unwrap();
        assert_eq!(
            lone.unwrap_key(PersonId(uuid::Uuid::nil()), 1, 1, &wrapped)
                .unwrap(),
            [7; 32]
        );
    }

    #[test]
    fn a_vault_prints_no_key() {
        assert!(!format!("{:?}", vault(&line(1, "ab"))).contains("171"));
    }

    #[test]
    fn a_blind_index_tells_kinds_and_keys_apart() {
        let (a, b) = (
            vault(&line(1, "ab")),
            Vault::from_text(&line(1, "ab"), &"cd".repeat(32)).unwrap(),
        );
        assert_eq!(
            a.blind_index("phone", "13800138000"),
            a.blind_index("phone", "13800138000")
        );
        assert_ne!(
            a.blind_index("phone", "13800138000"),
            a.blind_index("email", "13800138000")
        );
        assert_ne!(
            a.blind_index("phone", "13800138000"),
            b.blind_index("phone", "13800138000")
        );
    }

    #[test]
    fn a_key_unwraps_for_its_owner_and_version_only() {
        let vault = vault(&format!("{}{}", line(1, "ab"), line(2, "cd")));
        let (owner, other) = (PersonId::fresh(), PersonId::fresh());
        let wrapped = vault.wrap_key(owner, 1, 2, &[7; 32]).unwrap();
        assert_eq!(vault.unwrap_key(owner, 1, 2, &wrapped).unwrap(), [7; 32]);
        assert!(vault.unwrap_key(other, 1, 2, &wrapped).is_err());
        assert!(vault.unwrap_key(owner, 2, 2, &wrapped).is_err());
        assert!(vault.unwrap_key(owner, 1, 1, &wrapped).is_err());
    }
}
