//! With what Alipay signs: one key, or in certificate mode the key of a certificate
//! that is followed by newer ones while the channel runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::fields::Problem;
use super::sign::SigningKey;
use super::{Config, Inner, Issued, Simulator, certificates, lock};

pub struct Keys {
    signing: SigningKey,
    mode: Option<Mode>,
}

/// Certificate mode.
struct Mode {
    /// What each request must name.
    app: String,
    roots: String,
    /// Alipay's certificate in use, and all that it gives out, in PEM by name.
    active: String,
    given_out: BTreeMap<String, String>,
}

impl Keys {
    pub fn new(config: &Config) -> Result<Self> {
        let Some(authority) = &config.authority else {
            let signing = SigningKey::from_pem(&config.alipay_private_pem)?;
            return Ok(Self { signing, mode: None });
        };
        let Issued { key, pem, name } = authority.issue()?;
        let mode = Mode {
            app: certificates::name(authority.app())?,
            roots: certificates::bundle_name(authority.roots())?,
            active: name.clone(),
            given_out: BTreeMap::from([(name, pem)]),
        };
        Ok(Self {
            signing: key,
            mode: Some(mode),
        })
    }

    pub fn sign(&self, text: &[u8]) -> Result<String> {
        self.signing.sign(text)
    }

    /// The certificate that answers name, in certificate mode.
    pub fn name(&self) -> Option<&str> {
        self.mode.as_ref().map(|mode| mode.active.as_str())
    }

    /// What a request must say of certificates: in key mode nothing.
    pub fn check(&self, app: &str, roots: &str) -> Result<(), Problem> {
        let (own_app, own_roots) = self
            .mode
            .as_ref()
            .map_or(("", ""), |mode| (&mode.app, &mode.roots));
        for (name, own, said) in [
            ("app_cert_sn", own_app, app),
            ("alipay_root_cert_sn", own_roots, roots),
        ] {
            if own != said {
                let why = format!("{name} is not that of the application");
                return Err(Problem::new("40002", "isv.invalid-cert-sn", why));
            }
        }
        Ok(())
    }

    /// What the gateway answers to who lacks a certificate.
    pub fn give_out(&self, name: &str) -> Result<Value, Problem> {
        let pem = self.mode.as_ref().and_then(|mode| mode.given_out.get(name));
        let pem = pem.ok_or_else(|| Problem::business("isv.cert-not-found", "no such certificate"))?;
        Ok(json!({ "alipay_cert_content": STANDARD.encode(pem) }))
    }
}

impl Simulator {
    /// Alipay's certificate in use, with its issuer, in certificate mode.
    pub fn certificate(&self) -> Option<String> {
        let keys = lock(&self.inner.keys);
        let mode = keys.mode.as_ref()?;
        mode.given_out.get(&mode.active).cloned()
    }

    /// Who stands behind certificate mode.
    pub fn authority(&self) -> Option<&Arc<super::Authority>> {
        self.inner.config.authority.as_ref()
    }

    /// Alipay signs with a newer certificate from now on.
    pub fn rotate(&self) -> Result<()> {
        self.inner.rotate()
    }

    /// Somebody else's certificate is signed with and given out from now on.
    pub fn sign_as(&self, issued: Issued) -> Result<()> {
        lock(&self.inner.keys).sign_as(issued)
    }
}

impl Keys {
    fn sign_as(&mut self, issued: Issued) -> Result<()> {
        let mode = self.mode.as_mut().context("key mode")?;
        self.signing = issued.key;
        mode.active.clone_from(&issued.name);
        mode.given_out.insert(issued.name, issued.pem);
        Ok(())
    }
}

impl Inner {
    pub(super) fn rotate(&self) -> Result<()> {
        let authority = self.config.authority.as_ref().context("key mode")?;
        lock(&self.keys).sign_as(authority.issue()?)
    }
}
