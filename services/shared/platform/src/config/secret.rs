use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};
use sqlx::postgres::PgConnectOptions;

use super::{ConfigError, Database};

/// A secret that stands in a file, read once at the start. It is given as the
/// file's path, so that no secret is ever in a configuration or environment.
#[derive(Clone)]
pub struct SecretFile {
    path: PathBuf,
    text: SecretString,
}

impl SecretFile {
    pub fn read(path: impl Into<PathBuf>) -> std::io::Result<Self> {
        let path = path.into();
        let text = fs::read_to_string(&path)?;
        Ok(Self {
            path,
            text: SecretString::from(text.trim_end()),
        })
    }

    /// A secret that a test or tool holds in memory.
    pub fn in_memory(text: impl Into<String>) -> Self {
        Self {
            path: PathBuf::new(),
            text: SecretString::from(text.into()),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The file as a key of 32 bytes, written in hex or base64.
    pub fn key(&self) -> Result<[u8; 32], ConfigError> {
        let text = self.expose().trim();
        let bytes = hex::decode(text)
            .or_else(|_| base64::engine::general_purpose::STANDARD.decode(text))
            .map_err(|_| ConfigError::BadKeyFile(self.path.clone()))?;
        bytes
            .try_into()
            .map_err(|_| ConfigError::BadKeyFile(self.path.clone()))
    }
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretFile({})", self.path.display())
    }
}

impl<'de> Deserialize<'de> for SecretFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = PathBuf::deserialize(deserializer)?;
        Self::read(&path).map_err(|error| {
            de::Error::custom(format!("cannot read the secret file {}: {error}", path.display()))
        })
    }
}

/// A setting that an empty text leaves out.
#[derive(Clone)]
pub struct Maybe<T>(pub Option<T>);

impl<T> Maybe<T> {
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The setting, or an error that names it.
    pub fn require(&self, key: &'static str) -> Result<&T, ConfigError> {
        self.0.as_ref().ok_or(ConfigError::Missing(key))
    }
}

impl<T> From<T> for Maybe<T> {
    fn from(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: fmt::Debug> fmt::Debug for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        T::deserialize(de::value::StringDeserializer::<D::Error>::new(text)).map(|value| Self(Some(value)))
    }
}

/// An address that may hold a password, which is never printed.
#[derive(Clone)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// The address with its password blotted out.
    pub fn masked(&self) -> String {
        mask_url(self.expose())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Blots out what stands between the user's name and the host, and every
/// query parameter that is called a password.
pub(super) fn mask_url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            None => authority.to_owned(),
        },
        None => authority.to_owned(),
    };
    let tail = match tail.split_once('?') {
        Some((path, query)) => format!(
            "{path}?{}",
            query.split('&').map(mask_pair).collect::<Vec<_>>().join("&")
        ),
        None => tail.to_owned(),
    };
    format!("{scheme}://{authority}{tail}")
}

fn mask_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if name.contains("password") => format!("{name}=***"),
        _ => pair.to_owned(),
    }
}

impl Database {
    /// How the runtime role, which row level security binds, connects.
    pub fn runtime(&self) -> Result<PgConnectOptions, ConfigError> {
        options("database.url", &self.url, &self.password_file)
    }

    /// How the owner connects, who changes the schema.
    pub fn owner(&self) -> Result<PgConnectOptions, ConfigError> {
        options("database.owner_url", &self.owner_url, &self.owner_password_file)
    }
}

fn options(
    key: &'static str,
    url: &SecretUrl,
    password: &Maybe<SecretFile>,
) -> Result<PgConnectOptions, ConfigError> {
    if url.is_empty() {
        return Err(ConfigError::Missing(key));
    }
    let options = PgConnectOptions::from_str(url.expose()).map_err(|_| ConfigError::BadUrl(key))?;
    Ok(match password.get() {
        Some(file) => options.password(file.expose()),
        None => options,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_without_its_password() {
        let url = SecretUrl::new("postgres://wallet:hunter2@db:5432/wallet?sslmode=require&password=x");
        assert_eq!(
            format!("{url:?}"),
            "postgres://wallet:***@db:5432/wallet?sslmode=require&password=***"
        );
    }

    #[test]
    fn a_secret_file_prints_its_path_only() {
        assert_eq!(format!("{:?}", SecretFile::in_memory("hunter2")), "SecretFile()");
    }

    #[test]
    fn a_key_is_32_bytes_in_hex_or_base64_and_nothing_else() {
        let key = [7u8; 32];
        assert_eq!(SecretFile::in_memory(hex::encode(key)).key().unwrap(), key);
        let text = base64::engine::general_purpose::STANDARD.encode(key);
        assert_eq!(SecretFile::in_memory(text).key().unwrap(), key);
        assert!(SecretFile::in_memory("short").key().is_err());
    }
}
