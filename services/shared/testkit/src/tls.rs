//! A certificate authority of a test: certificates of services, and channels
//! on which their bearers call.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// An authority and the folder in which its certificates lie while it lives.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    /// # Panics
    /// When no key can be made or no file written: there is no test then.
    pub fn new() -> Self {
        Self::made().unwrap_or_else(|error| panic!("a certificate authority: {error:#}"))
    }

    fn made() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let folder = std::env::temp_dir().join(format!("studio-mtls-{}", kernel::fresh_uuid()));
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        fs::write(folder.join("ca.pem"), issuer.pem())?;
        Ok(Self { issuer, folder })
    }

    /// What a service called `name` is told, as TOML.
    ///
    /// # Panics
    /// As [`Authority::new`].
    pub fn settings(&self, name: &str) -> String {
        let text = || -> Result<String> {
            let (cert, key) = self.issue(name)?;
            let put = |file: String, text: String| -> Result<String> {
                let path = self.folder.join(file);
                fs::write(&path, text)?;
                Ok(path.display().to_string())
            };
            let cert = put(format!("{name}.pem"), cert)?;
            let key = put(format!("{name}-key.pem"), key)?;
            let ca = self.folder.join("ca.pem").display().to_string();
            Ok(format!(
                "mtls.enabled = true\nmtls.cert = '{cert}'\nmtls.key = '{key}'\nmtls.ca = '{ca}'\n"
            ))
        };
        text().unwrap_or_else(|error| panic!("a certificate for {name}: {error:#}"))
    }

    /// A channel to `address` that believes this authority, on which the
    /// bearer of `name`'s certificate calls, or nobody.
    ///
    /// # Panics
    /// As [`Authority::new`].
    pub fn channel(&self, address: &str, name: Option<&str>) -> Channel {
        self.channel_believing(self, address, name)
    }

    /// As [`Authority::channel`] with a certificate of ours to a server whose
    /// certificate is by `other`.
    ///
    /// # Panics
    /// As [`Authority::new`].
    pub fn channel_believing(&self, other: &Self, address: &str, name: Option<&str>) -> Channel {
        let made = || -> Result<Channel> {
            let mut tls = ClientTlsConfig::new()
                .domain_name("localhost")
                .ca_certificate(Certificate::from_pem(other.issuer.pem()));
            if let Some(name) = name {
                let (cert, key) = self.issue(name)?;
                tls = tls.identity(Identity::from_pem(cert, key));
            }
            Ok(Endpoint::from_shared(format!("https://{address}"))?
                .tls_config(tls)?
                .connect_lazy())
        };
        made().unwrap_or_else(|error| panic!("a channel to {address}: {error:#}"))
    }

    /// The certificate of a service and its key, in PEM. It is good for this
    /// machine too, where services of tests listen.
    fn issue(&self, name: &str) -> Result<(String, String)> {
        let key = KeyPair::generate()?;
        let names = vec![name.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)?.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap_or_default();
    }
}
