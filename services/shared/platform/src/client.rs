//! Calls to other services: balanced over all their processes, with this
//! service's token, the trace, what is left of the deadline, and a few retries
//! under a budget. Every call of the house may be made twice: it reads, or it
//! carries a request_id.

mod balance;
mod budget;
mod peer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::ClientTlsConfig;

use crate::config::{PlatformConfig, Retry};
use crate::token::{PERSON_HEADER, ServiceToken};
use crate::{Caller, Error};

pub use peer::Peer;

/// The services that this one may call, by name.
pub struct Peers {
    peers: BTreeMap<String, Peer>,
}

/// What all peers of a process have in common.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub token: ServiceToken,
    pub default: Duration,
    pub retry: Retry,
}

impl Peers {
    /// Peers at the addresses of the configuration. Nothing connects yet.
    pub(crate) fn new(config: &PlatformConfig, token: ServiceToken, tls: Option<&ClientTlsConfig>) -> Self {
        let outgoing = Arc::new(Outgoing {
            token,
            default: Duration::from_millis(config.deadlines.default_ms),
            retry: config.retry.clone(),
        });
        let peers = config
            .peers
            .iter()
            .map(|(name, address)| (name.clone(), Peer::new(name, address, tls, outgoing.clone())))
            .collect();
        Self { peers }
    }

    /// One that this service may call, whichever: the same each time.
    pub(crate) fn first(&self) -> Option<Peer> {
        self.peers.values().next().cloned()
    }

    pub(crate) fn get(&self, name: &str) -> Result<Peer, Error> {
        self.peers
            .get(name)
            .cloned()
            .ok_or_else(|| Error::Internal(format!("the configuration has no address for {name} in [peers]")))
    }
}

/// A request that this service makes for itself.
pub fn request<T>(message: T) -> Request<T> {
    Request::new(message)
}

/// A request that carries the caller's person on, for a call that needs one.
pub fn request_for<T>(caller: &Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = caller
        .bearer
        .as_ref()
        .map(|token| MetadataValue::try_from(format!("Bearer {token}")));
    if let Some(Ok(bearer)) = bearer {
        request.metadata_mut().insert(PERSON_HEADER, bearer);
    }
    request
}

#[cfg(test)]
mod tests;
