//! WeChat Pay's keys as they are held and renewed: those of the configuration, and the
//! certificates that were fetched. What was fetched stays until it ends, also
//! when nothing newer can be had.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::HeaderMap;
use kernel::{Clock, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use super::certificates::{self, BadCertificates};
use super::keys::PlatformKeys;
use super::resource::ResourceKey;
use super::signature;
use crate::channel::NoticeRefusal;

/// When keys are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    pub every: Duration,
    /// Between two tries at least.
    pub pause: Duration,
}

#[derive(Debug)]
pub struct Keyring {
    configured: PlatformKeys,
    fetched: RwLock<PlatformKeys>,
    all: RwLock<Arc<PlatformKeys>>,
    rhythm: Rhythm,
    next: Mutex<Next>,
}

#[derive(Debug)]
struct Next {
    due: Timestamp,
    /// Also for who knows of a key that is missing.
    earliest: Timestamp,
}

/// Why one looks for keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Time,
    /// Something is signed with a key that is not held.
    Unknown,
}

/// The turn of whoever renews: nobody else does meanwhile.
pub struct Turn<'a> {
    next: MutexGuard<'a, Next>,
    rhythm: Rhythm,
}

impl Keyring {
    pub fn new(configured: PlatformKeys, rhythm: Rhythm) -> Self {
        Self {
            all: RwLock::new(Arc::new(configured.clone())),
            configured,
            fetched: RwLock::default(),
            rhythm,
            next: Mutex::new(Next {
                due: Timestamp::MIN_UTC,
                earliest: Timestamp::MIN_UTC,
            }),
        }
    }

    /// All keys that are held now.
    pub fn keys(&self) -> Arc<PlatformKeys> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Proves that WeChat Pay signed this.
    pub fn prove(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), NoticeRefusal> {
        signature::verify(&self.keys(), headers, body, now)
    }

    /// The turn to renew, when there is reason to and nobody else is at it. Who
    /// lacks a key waits for whoever is.
    pub async fn turn(&self, reason: Reason) -> Option<Turn<'_>> {
        let next = match reason {
            Reason::Unknown => self.next.lock().await,
            Reason::Time => self.next.try_lock().ok()?,
        };
        let from = match reason {
            Reason::Unknown => next.earliest,
            Reason::Time => next.due,
        };
        let rhythm = self.rhythm;
        (from <= Clock::real()).then_some(Turn { next, rhythm })
    }

    /// Takes a list of certificates in. It must be proved by a key that is held;
    /// where none was fetched yet, by a certificate in the list itself, which
    /// nobody can seal who does not have the APIv3 key.
    pub fn take_in(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        key: &ResourceKey,
        now: Timestamp,
    ) -> Result<(), Untaken> {
        let mut listed = PlatformKeys::default();
        let proved = self.prove(headers, body, now);
        if let Err(why) = proved
            && (why != NoticeRefusal::UnknownKey || self.has_fetched(now))
        {
            return Err(Untaken::Unproved(why));
        }
        for certificate in certificates::read(body, key)? {
            listed.insert_until(&certificate.serial, certificate.key, certificate.expires_at);
        }
        if proved.is_err() {
            signature::verify(&listed, headers, body, now).map_err(Untaken::Unproved)?;
        }
        self.hold(&listed, now);
        Ok(())
    }

    fn has_fetched(&self, now: Timestamp) -> bool {
        let mut fetched = self
            .fetched
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        fetched.extend(&PlatformKeys::default(), now);
        !fetched.is_empty()
    }

    fn hold(&self, listed: &PlatformKeys, now: Timestamp) {
        let mut fetched = self.fetched.write().unwrap_or_else(PoisonError::into_inner);
        fetched.extend(listed, now);
        let mut all = self.configured.clone();
        all.extend(&fetched, now);
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(all);
    }
}

impl Turn<'_> {
    /// Notes how it went, which says when it is time again.
    pub fn end(mut self, renewed: bool) {
        let (now, Rhythm { every, pause }) = (Clock::real(), self.rhythm);
        self.next.due = now + if renewed { every } else { pause };
        self.next.earliest = now + pause;
    }
}

/// Why a list was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    #[error("the list is not proved: {0}")]
    Unproved(NoticeRefusal),
    #[error("the list cannot be used")]
    Bad(#[from] BadCertificates),
}
