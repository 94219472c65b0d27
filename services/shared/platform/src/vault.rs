//! Personal data at rest. Each person's data is sealed with a key of their
//! own; that key lies in the database wrapped by a key from a mounted file, so
//! neither is of use alone, and losing the first erases the person everywhere,
//! backups included. Equality is asked through a blind index under yet another key.

mod data_key;
mod keyring;

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::{hmac, rand};
use kernel::PersonId;
use sqlx::{PgConnection, Row};

use crate::Error;
use data_key::{DataKey, version_of};
use keyring::Keyring;

pub use keyring::BadKeys;

/// Length of every key here.
const KEY_LEN: usize = 32;

/// A sealed value, for a column of type bytea.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Sealed {
    pub bytes: Vec<u8>,
}

impl Sealed {
    /// In the place of a text of which nothing is kept.
    pub const fn nothing() -> Self {
        Self { bytes: Vec::new() }
    }

    pub const fn is_nothing(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl From<Vec<u8>> for Sealed {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }
}

/// Seals, opens, finds and erases personal data of one service.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<Keyring>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("wrapping", &self.keys.versions())
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Reads the wrapping keys and the index key from their mounted files.
    pub fn from_files(wrapping: &Path, index: &Path) -> Result<Self, BadKeys> {
        Self::from_text(&keyring::read(wrapping)?, &keyring::read(index)?)
    }

    /// `wrapping` has a line `<version>:<key>` for each key still in use; a key
    /// without a version is the first. Keys are 32 bytes in hex or base64.
    pub fn from_text(wrapping: &str, index: &str) -> Result<Self, BadKeys> {
        Ok(Self {
            keys: Arc::new(Keyring::from_text(wrapping, index)?),
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
        let key = self.newest_key(conn, owner).await?.ok_or_else(erased)?;
        key.seal(owner, column, plaintext.as_bytes())
    }

    /// As [`Vault::seal`], for a file or a piece of one. `owner` may stand for the
    /// file itself, which then has a key of its own.
    pub async fn seal_bytes(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        column: &'static str,
        plaintext: &[u8],
    ) -> Result<Sealed, Error> {
        let key = self.newest_key(conn, owner).await?.ok_or_else(erased)?;
        key.seal(owner, column, plaintext)
    }

    /// As [`Vault::seal`], for what people write beside an act that goes on in
    /// any case: nothing is kept of an empty text, nor once the owner was erased.
    pub async fn seal_words(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        column: &'static str,
        words: &str,
    ) -> Result<Sealed, Error> {
        if words.is_empty() {
            return Ok(Sealed::nothing());
        }
        match self.newest_key(conn, owner).await? {
            Some(key) => key.seal(owner, column, words.as_bytes()),
            None => Ok(Sealed::nothing()),
        }
    }

    /// What [`Vault::seal_words`] kept; empty when that was nothing, and when the
    /// owner was erased since.
    pub async fn open_words(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        column: &'static str,
        sealed: &Sealed,
    ) -> Result<String, Error> {
        if sealed.is_nothing() {
            return Ok(String::new());
        }
        let words = self.open(conn, owner, column, sealed).await?;
        Ok(words.unwrap_or_default())
    }

    /// As [`Vault::seal`] for several columns at once, with one look at the key.
    pub async fn seal_all<const N: usize>(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        texts: [(&'static str, &str); N],
    ) -> Result<[Sealed; N], Error> {
        let key = self.newest_key(conn, owner).await?.ok_or_else(erased)?;
        let mut sealed = Vec::with_capacity(N);
        for (column, plaintext) in texts {
            sealed.push(key.seal(owner, column, plaintext.as_bytes())?);
        }
        sealed
            .try_into()
            .map_err(|_| Error::Internal("sealing failed".to_owned()))
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
        let Some(bytes) = self.open_bytes(conn, owner, column, sealed).await? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|_| does_not_open(owner, column))?;
        Ok(Some(text))
    }

    /// What [`Vault::seal_bytes`] sealed, as [`Vault::open`] opens texts.
    pub async fn open_bytes(
        &self,
        conn: &mut PgConnection,
        owner: PersonId,
        column: &'static str,
        sealed: &Sealed,
    ) -> Result<Option<Vec<u8>>, Error> {
        let broken = || does_not_open(owner, column);
        let version = version_of(sealed).ok_or_else(broken)?;
        let Some(key) = self.key(conn, owner, version).await? else {
            return Ok(None);
        };
        key.open(owner, column, sealed).map(Some).ok_or_else(broken)
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
        // A row even for somebody without sealed data: nothing may be sealed for them later.
        sqlx::query(
            "insert into vault_keys (owner_id, key_version, kek_version, shredded_at) values ($1, 1, $2, now())
             on conflict do nothing",
        )
        .bind(owner.0)
        .bind(self.keys.newest()?)
        .execute(&mut *conn)
        .await?;
        sqlx::query(
            "update vault_keys set wrapped = null, shredded_at = now() where owner_id = $1 and wrapped is not null",
        )
        .bind(owner.0)
        .execute(conn)
        .await?;
        Ok(())
    }

    /// Wraps up to `most` data keys anew that an older wrapping key wraps, and
    /// says how many there were: repeat until zero, then retire the old key.
    pub async fn rewrap(&self, conn: &mut PgConnection, most: i64) -> Result<usize, Error> {
        let newest = self.keys.newest()?;
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
            let key = self.keys.unwrap(
                owner,
                version,
                row.try_get("kek_version")?,
                row.try_get("wrapped")?,
            )?;
            sqlx::query(
                "update vault_keys set kek_version = $3, wrapped = $4 where owner_id = $1 and key_version = $2",
            )
            .bind(owner.0)
            .bind(version)
            .bind(newest)
            .bind(self.keys.wrap(owner, version, newest, &key)?)
            .execute(&mut *conn)
            .await?;
        }
        Ok(rows.len())
    }

    /// None once the owner was erased.
    async fn newest_key(&self, conn: &mut PgConnection, owner: PersonId) -> Result<Option<DataKey>, Error> {
        if let Some(version) = newest_version(conn, owner).await? {
            return self.key(conn, owner, version).await;
        }
        let kek = self.keys.newest()?;
        let mut fresh = [0; KEY_LEN];
        rand::fill(&mut fresh).map_err(|_| Error::Internal("no randomness".to_owned()))?;
        // Two first seals of one owner may race: the second waits here and then uses the first's key.
        sqlx::query(
            "insert into vault_keys (owner_id, key_version, kek_version, wrapped) values ($1, 1, $2, $3)
             on conflict do nothing",
        )
        .bind(owner.0)
        .bind(kek)
        .bind(self.keys.wrap(owner, 1, kek, &fresh)?)
        .execute(&mut *conn)
        .await?;
        self.key(conn, owner, 1).await
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
        let bytes = self
            .keys
            .unwrap(owner, version, row.try_get("kek_version")?, &wrapped)?;
        DataKey::new(version, &bytes).map(Some)
    }
}

async fn newest_version(conn: &mut PgConnection, owner: PersonId) -> Result<Option<i32>, Error> {
    let version = sqlx::query_scalar("select max(key_version) from vault_keys where owner_id = $1");
    Ok(version.bind(owner.0).fetch_one(conn).await?)
}

fn does_not_open(owner: PersonId, column: &'static str) -> Error {
    Error::Inconsistent {
        table: "vault_keys",
        what: format!("{column} of {owner} does not open"),
    }
}

fn erased() -> Error {
    Error::wrong_state("person", "erased")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(index: &str) -> Vault {
        Vault::from_text(&"ab".repeat(32), &index.repeat(32)).unwrap()
    }

    #[test]
    fn a_vault_prints_no_key() {
        assert_eq!(format!("{:?}", vault("ab")), "Vault { wrapping: [1], .. }");
    }

    #[test]
    fn a_blind_index_tells_kinds_and_keys_apart() {
        let (a, b) = (vault("ab"), vault("cd"));
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
}
