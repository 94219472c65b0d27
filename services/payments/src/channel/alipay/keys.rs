//! Alipay's keys, by which its answers and notifications are proved: one public
//! key in key mode, certificates by their names in certificate mode.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BadAccount, certificate};
use crate::channel::rsa::CheckingKey;
use crate::config;

#[derive(Debug)]
pub enum AlipayKeys {
    Key(CheckingKey),
    /// By what `alipay_cert_sn` says.
    Certificates(BTreeMap<String, CheckingKey>),
}

/// How we name our certificates in each request, in certificate mode.
#[derive(Debug, Clone)]
pub struct CertificateNames {
    pub app: String,
    pub root: String,
}

impl AlipayKeys {
    /// The keys of an account, and what its requests must name.
    pub fn of_account(account: &config::Alipay) -> Result<(Self, Option<CertificateNames>), BadAccount> {
        match (account.public_key_file.get(), account.app_certificate_file.get()) {
            (Some(file), None) => {
                let key = CheckingKey::from_text(file.expose()).ok_or(BadAccount::PublicKey)?;
                Ok((Self::Key(key), None))
            }
            (None, Some(app)) => {
                let names = names(account, app.expose())?;
                Ok((Self::certificates(account)?, Some(names)))
            }
            _ => Err(BadAccount::Mode),
        }
    }

    fn certificates(account: &config::Alipay) -> Result<Self, BadAccount> {
        let mut keys = BTreeMap::new();
        for file in &account.certificate_files {
            let pem = file.expose();
            let (Some(name), Some(key)) = (certificate::name(pem), CheckingKey::from_text(pem)) else {
                return Err(BadAccount::Certificate("certificate_files"));
            };
            keys.insert(name, key);
        }
        if keys.is_empty() {
            return Err(BadAccount::Certificate("certificate_files"));
        }
        Ok(Self::Certificates(keys))
    }

    /// Whether Alipay signed this. `named` is the certificate that the message
    /// names; a notification names none. `None` when we have no such key.
    pub fn hold(&self, named: Option<&str>, message: &[u8], signature: &str) -> Option<bool> {
        let signature = STANDARD.decode(signature);
        let by = |key: &CheckingKey| signature.as_ref().is_ok_and(|s| key.holds(message, s));
        match (self, named) {
            (Self::Key(key), _) => Some(by(key)),
            (Self::Certificates(keys), Some(name)) => keys.get(name).map(by),
            (Self::Certificates(keys), None) => Some(keys.values().any(by)),
        }
    }
}

fn names(account: &config::Alipay, app: &str) -> Result<CertificateNames, BadAccount> {
    let root = account.root_certificates_file.get();
    let root = root.and_then(|file| certificate::bundle_name(file.expose()));
    Ok(CertificateNames {
        app: certificate::name(app).ok_or(BadAccount::Certificate("app_certificate_file"))?,
        root: root.ok_or(BadAccount::Certificate("root_certificates_file"))?,
    })
}
