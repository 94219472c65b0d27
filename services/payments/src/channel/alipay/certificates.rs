//! Alipay's certificates in certificate mode: those of the configuration, and newer
//! ones that were downloaded. What is downloaded is signed by nobody: it is held
//! only when its chain ends at a configured root, and its subject is that of a
//! configured certificate, since merchants' own certificates end at that root too.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kernel::{Clock, Timestamp};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use tokio::sync::{Mutex, MutexGuard};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::certificate;
use crate::channel::rsa::CheckingKey;

/// Between two tries to download a certificate that could not be had.
const PAUSE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Certificates {
    roots: Vec<TrustAnchor<'static>>,
    /// Who issued the configured certificates.
    issuers: Vec<CertificateDer<'static>>,
    /// Whose the configured certificates are.
    subjects: Vec<Vec<u8>>,
    held: RwLock<BTreeMap<String, Held>>,
    earliest: Mutex<Timestamp>,
}

#[derive(Debug, Clone)]
struct Held {
    key: Arc<CheckingKey>,
    until: Timestamp,
}

/// Why a certificate is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbelieved {
    #[error("it is no certificate that can be named")]
    None,
    #[error("it bears another name than was asked for")]
    Name,
    #[error("its subject is that of no configured certificate")]
    Subject,
    #[error("its chain does not end at a configured root now")]
    Chain,
}

/// The turn of whoever downloads: nobody else does meanwhile.
pub struct Turn<'a>(MutexGuard<'a, Timestamp>);

impl Certificates {
    /// With the certificates that the operator trusts; each may be followed by its
    /// issuers. `None` if there is none among them, or no root.
    pub fn new(roots: &str, pinned: &[&str]) -> Option<Self> {
        let roots = CertificateDer::pem_slice_iter(roots.as_bytes()).filter_map(Result::ok);
        // of the bundle's other roots, whose keys are not RSA, nothing is needed
        let roots: Vec<_> = roots
            .filter_map(|der| Some(webpki::anchor_from_trusted_cert(&der).ok()?.to_owned()))
            .collect();
        let (mut held, mut issuers, mut subjects) = (BTreeMap::new(), Vec::new(), Vec::new());
        for pem in pinned {
            let (own, above) = chain(pem)?;
            subjects.push(subject(&own)?);
            held.insert(certificate::name(pem)?, Held::of(pem, &own)?);
            issuers.extend(above);
        }
        (!roots.is_empty() && !held.is_empty()).then(|| Self {
            roots,
            issuers,
            subjects,
            held: RwLock::new(held),
            earliest: Mutex::new(Timestamp::MIN_UTC),
        })
    }

    /// The key of a certificate, unless it has ended.
    pub fn get(&self, name: &str, now: Timestamp) -> Option<Arc<CheckingKey>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.get(name).filter(|held| now < held.until);
        held.map(|held| held.key.clone())
    }

    /// The keys of all that have not ended.
    pub fn all(&self, now: Timestamp) -> Vec<Arc<CheckingKey>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.values().filter(|held| now < held.until);
        held.map(|held| held.key.clone()).collect()
    }

    /// The turn to download what is not held, or `None` when it is held by now, or
    /// could not be had a moment ago.
    pub async fn turn(&self, name: &str) -> Option<Turn<'_>> {
        let earliest = self.earliest.lock().await;
        let now = Clock::real();
        (*earliest <= now && self.get(name, now).is_none()).then_some(Turn(earliest))
    }

    /// Takes in what was downloaded under a name.
    pub fn take_in(&self, name: &str, pem: &str, now: Timestamp) -> Result<(), Unbelieved> {
        let (own, above) = chain(pem).ok_or(Unbelieved::None)?;
        if certificate::name(pem).ok_or(Unbelieved::None)? != name {
            return Err(Unbelieved::Name);
        }
        if !subject(&own).is_some_and(|subject| self.subjects.contains(&subject)) {
            return Err(Unbelieved::Subject);
        }
        if !self.ends_at_a_root(&own, &[above.as_slice(), &self.issuers].concat(), now) {
            return Err(Unbelieved::Chain);
        }
        let held = Held::of(pem, &own).ok_or(Unbelieved::None)?;
        let mut all = self.held.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), held);
        Ok(())
    }

    fn ends_at_a_root(&self, own: &CertificateDer<'_>, above: &[CertificateDer<'_>], now: Timestamp) -> bool {
        let Ok(seconds) = u64::try_from(now.timestamp()) else {
            return false;
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        // these certificates state no extended usage, so none is asked for
        let usage = KeyUsage::client_auth();
        EndEntityCert::try_from(own).is_ok_and(|own| {
            own.verify_for_usage(ALL_VERIFICATION_ALGS, &self.roots, above, now, usage, None, None)
                .is_ok()
        })
    }
}

impl Turn<'_> {
    /// Notes how it went, which says when somebody may try again.
    pub fn end(mut self, taken_in: bool) {
        if !taken_in {
            *self.0 = Clock::real() + PAUSE;
        }
    }
}

impl Held {
    fn of(pem: &str, own: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(own).ok()?;
        Some(Self {
            key: Arc::new(CheckingKey::from_text(pem)?),
            until: Timestamp::from_timestamp(read.validity().not_after.timestamp(), 0)?,
        })
    }
}

/// The first certificate of a PEM text, and those behind it.
fn chain(pem: &str) -> Option<(CertificateDer<'static>, Vec<CertificateDer<'static>>)> {
    let mut all = CertificateDer::pem_slice_iter(pem.as_bytes());
    let own = all.next()?.ok()?;
    Some((own, all.filter_map(Result::ok).collect()))
}

fn subject(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, read) = X509Certificate::from_der(der).ok()?;
    Some(read.subject().as_raw().to_vec())
}
