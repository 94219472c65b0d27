//! Certificates and keys that come and go while the channel runs, and payments
//! inside the app, which a merchant's signature calls up.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::fields::Problem;
use super::sign::call_text;
use super::{Inner, Simulator, lock};

impl Simulator {
    /// Makes a platform certificate that is listed and not yet used; its serial.
    pub fn issue_certificate(&self) -> Result<String> {
        lock(&self.inner.keyring).issue(Inner::now())
    }

    /// With which certificate callbacks, and answers to requests that name no
    /// public key, are signed from now on; without one with the public key.
    pub fn sign_with(&self, serial: Option<&str>) -> Result<()> {
        lock(&self.inner.keyring).sign_with(serial)
    }

    /// The merchant has certificates only.
    pub fn drop_public_key(&self) {
        lock(&self.inner.keyring).drop_public_key();
    }

    /// A further certificate of the merchant's is known.
    pub fn know_merchant(&self, serial: &str, public_pem: &str) -> Result<()> {
        lock(&self.inner.keyring).know_merchant(serial, public_pem)
    }

    /// A certificate of the merchant's is known no longer.
    pub fn forget_merchant(&self, serial: &str) {
        lock(&self.inner.keyring).forget_merchant(serial);
    }

    /// The payer's app is called up with this and pays.
    pub fn pay_in_app(&self, call: &BTreeMap<String, String>) -> Result<(), Problem> {
        let prepay = self
            .called(call)
            .map_err(|error| Problem::param(format!("the call is not good: {error:#}")))?;
        self.inner.pay(&prepay, "o-test-payer", false)
    }

    fn called(&self, call: &BTreeMap<String, String>) -> Result<String> {
        let part = |name: &str| {
            call.get(name)
                .map(String::as_str)
                .with_context(|| format!("no {name}"))
        };
        let package = part("package")?;
        let text = call_text(part("appId")?, part("timeStamp")?, part("nonceStr")?, package);
        let keyring = lock(&self.inner.keyring);
        let holds = part("signType")? == "RSA"
            && part("appId")? == self.inner.config.appid
            && keyring.is_merchants(text.as_bytes(), part("paySign")?);
        holds
            .then_some(())
            .context("the signature is none of the merchant's")?;
        let prepay = package.strip_prefix("prepay_id=").context("no prepay_id")?;
        Ok(prepay.to_owned())
    }
}
