//! The list of platform certificates: each sealed under the APIv3 key, which
//! is what makes the first of them believable.

use kernel::Timestamp;
use serde::Deserialize;

use super::keys::{Certificate, Key};
use super::resource::{Resource, ResourceKey};

/// A certificate with which WeChat Pay signs, or soon will.
#[derive(Debug)]
pub struct PlatformCertificate {
    pub serial: String,
    pub key: Key,
    /// As it was published.
    pub pem: String,
    pub expires_at: Timestamp,
}

/// Why a list of certificates is not used, none of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificates {
    #[error("the list is not as WeChat Pay promises")]
    Schema,
    #[error("the certificate {0} does not open with the APIv3 key")]
    Sealed(String),
    #[error("the certificate {0} is none, or bears another serial")]
    Certificate(String),
}

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    serial_no: String,
    expire_time: String,
    encrypt_certificate: Resource,
}

/// Opens the list.
pub fn read(body: &[u8], key: &ResourceKey) -> Result<Vec<PlatformCertificate>, BadCertificates> {
    let list: List = serde_json::from_slice(body).map_err(|_| BadCertificates::Schema)?;
    list.data.into_iter().map(|entry| open(entry, key)).collect()
}

fn open(entry: Entry, key: &ResourceKey) -> Result<PlatformCertificate, BadCertificates> {
    let Entry {
        serial_no,
        expire_time,
        encrypt_certificate,
    } = entry;
    let expires_at = chrono::DateTime::parse_from_rfc3339(&expire_time)
        .map_err(|_| BadCertificates::Schema)?
        .to_utc();
    let Some(pem) = encrypt_certificate.open(key) else {
        return Err(BadCertificates::Sealed(serial_no));
    };
    match Certificate::from_pem(&pem) {
        Some(certificate) if certificate.serial.eq_ignore_ascii_case(&serial_no) => Ok(PlatformCertificate {
            serial: certificate.serial,
            key: certificate.key,
            pem,
            expires_at,
        }),
        _ => Err(BadCertificates::Certificate(serial_no)),
    }
}
