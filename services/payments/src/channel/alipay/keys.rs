//! Alipay's keys, by which its answers and notifications are proved: one public
//! key in key mode, certificates by their names in certificate mode.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Clock;
use platform::config::SecretFile;

use super::certificates::Certificates;
use super::{BadAccount, certificate};
use crate::channel::rsa::CheckingKey;
use crate::config;

#[derive(Debug)]
pub enum AlipayKeys {
    Key(CheckingKey),
    Certificates(Certificates),
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
                let roots = account.root_certificates_file.get();
                let roots = roots.ok_or(BadAccount::Certificate("root_certificates_file"))?;
                let names = names(app.expose(), roots.expose())?;
                let pinned: Vec<&str> = account.certificate_files.iter().map(SecretFile::expose).collect();
                let certificates = Certificates::new(roots.expose(), &pinned);
                let certificates = certificates.ok_or(BadAccount::Certificate("certificate_files"))?;
                Ok((Self::Certificates(certificates), Some(names)))
            }
            _ => Err(BadAccount::Mode),
        }
    }

    /// Whether Alipay signed this. `named` is the certificate that the message
    /// names; a notification names none. `None` when we have no such key.
    pub fn hold(&self, named: Option<&str>, message: &[u8], signature: &str) -> Option<bool> {
        let signature = STANDARD.decode(signature);
        let by = |key: &CheckingKey| signature.as_ref().is_ok_and(|s| key.holds(message, s));
        match (self, named) {
            (Self::Key(key), _) => Some(by(key)),
            (Self::Certificates(held), Some(name)) => held.get(name, Clock::real()).map(|key| by(&key)),
            (Self::Certificates(held), None) => Some(held.all(Clock::real()).iter().any(|key| by(key))),
        }
    }
}

fn names(app: &str, roots: &str) -> Result<CertificateNames, BadAccount> {
    Ok(CertificateNames {
        app: certificate::name(app).ok_or(BadAccount::Certificate("app_certificate_file"))?,
        root: certificate::bundle_name(roots).ok_or(BadAccount::Certificate("root_certificates_file"))?,
    })
}
