//! The ground under a service: its pools, clock, peers, keys and copy of the
//! organisation, and what a service has to say about itself.

use std::future::Future;
use std::sync::Arc;

use aws_lc_rs::hmac;
use kernel::Clock;
use serde::de::DeserializeOwned;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::sync::Notify;

use crate::audit::seal::{Keys, Seal};
use crate::checks::{Check, Tally};
use crate::client::{Peer, Peers};
use crate::feed::Consumers;
use crate::hints::Hints;
use crate::limits::Rooms;
use crate::organisation::Organisation;
use crate::own_acts::OwnActs;
use crate::subscription::{Lags, Subscription};
use crate::tasks::TaskKind;
use crate::token::Signer;
use crate::vault::Vault;
use crate::{Error, Listener};

/// What a service says about itself. Everything else is the same for all.
pub trait Service: std::ops::Deref<Target = Platform> + Send + Sync + Sized + 'static {
    /// The service's own settings: the table `[service]` of its configuration.
    type Config: DeserializeOwned + Clone + std::fmt::Debug + Send + Sync + 'static;
    /// As `wallet`.
    const NAME: &'static str;
    /// The embedded `config.toml`.
    const CONFIG: &'static str;

    /// The service's own migrations; platform's come before them.
    fn migrations() -> Migrator;
    /// Puts the service together.
    fn build(platform: Platform, config: Self::Config) -> impl Future<Output = anyhow::Result<Self>> + Send;
    /// The gRPC services.
    fn routes(app: &Arc<Self>) -> tonic::service::Routes;
    /// What it listens to of others.
    fn subscriptions() -> Vec<Subscription<Self>> {
        Vec::new()
    }
    /// The work that waits.
    fn tasks() -> Vec<TaskKind<Self>> {
        Vec::new()
    }
    /// Kinds of [`Service::tasks`] of which one always stands, under the nil id:
    /// it is left at the first start and puts itself off each time.
    fn standing() -> Vec<&'static str> {
        Vec::new()
    }
    /// What no row of it may break, beside what holds for every service.
    fn checks() -> Vec<Check> {
        Vec::new()
    }
    /// What other services must agree with.
    fn tallies() -> Vec<Tally> {
        Vec::new()
    }
    /// Rows of it that are claim, audit entry and fact of an act at once.
    fn own_acts() -> OwnActs {
        OwnActs::NONE
    }
    /// Doors beside gRPC, as the channels' callbacks.
    fn listeners(_app: &Arc<Self>) -> Vec<Listener> {
        Vec::new()
    }
}

/// Copies share everything.
#[derive(Clone)]
pub struct Platform {
    /// Business time.
    pub clock: Clock,
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub name: &'static str,
    /// For calls.
    pub calls: PgPool,
    /// Who of the calls gets one of these connections.
    pub connections: Rooms,
    /// For reactions, tasks and the sequencer, so that they and calls never starve each other.
    pub background: PgPool,
    pub fingerprint: hmac::Key,
    pub organisation: Organisation,
    pub peers: Peers,
    pub vault: Vault,
    pub person_signer: Option<Signer>,
    /// Signs the heads of this service's audit chain.
    pub seal: Option<Seal>,
    /// Checks the heads of others.
    pub head_keys: Keys,
    pub token_issuer: String,
    pub person_keys: Vec<(String, String)>,
    pub tuning: Tuning,
    /// Who pulls this service's facts.
    pub consumers: Consumers,
    /// How far this process is behind the sources that it follows.
    pub lags: Lags,
    /// Tells the other processes of this service when a bell rings here.
    pub hints: Hints,
    pub own_acts: OwnActs,
    /// Rung after a commit that published.
    pub outbox_bell: Notify,
    /// Rung after sequencing.
    pub feed_bell: tokio::sync::watch::Sender<i64>,
    /// Rung after a commit that left a task.
    pub task_bell: Notify,
    /// Rung after every commit.
    pub chain_bell: Notify,
}

/// Numbers of the background work.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Failures after which a task or a fact is parked for a person.
    pub max_attempts: i32,
    /// For how long a worker holds a task before another takes it over.
    pub lease: chrono::Duration,
    /// How many tasks of this process run at once.
    pub task_workers: usize,
    /// The longest a reader of the feed waits, in milliseconds.
    pub poll_ms: i32,
    /// Days for which facts that everybody has read are kept whole.
    pub keep_days: i64,
    /// Days for which it is known that a fact was applied.
    pub inbox_days: i64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            max_attempts: 12,
            lease: chrono::Duration::seconds(30),
            task_workers: 8,
            poll_ms: 10_000,
            keep_days: 35,
            inbox_days: 70,
        }
    }
}

impl Platform {
    /// As `wallet`.
    pub fn name(&self) -> &'static str {
        self.inner.name
    }

    /// The local copy of the organisation tree.
    pub fn organisation(&self) -> &Organisation {
        &self.inner.organisation
    }

    /// Where this service seals the personal data that it must hold.
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// A connection to another service, by its name in the configuration.
    pub fn peer(&self, name: &str) -> Result<Peer, Error> {
        self.inner.peers.get(name)
    }

    /// Signs tokens of persons; only members has the key.
    pub fn person_signer(&self) -> Option<&Signer> {
        self.inner.person_signer.as_ref()
    }

    /// In whose name persons' tokens are signed.
    pub fn token_issuer(&self) -> &str {
        &self.inner.token_issuer
    }

    /// The public keys of persons' tokens, as (kid, PEM).
    pub fn person_keys(&self) -> &[(String, String)] {
        &self.inner.person_keys
    }

    pub(crate) fn fingerprint(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.inner.fingerprint, message).as_ref().to_vec()
    }
}

/// Platform's own migrations and the service's, in the order of their times.
#[expect(
    clippy::needless_pass_by_value,
    reason = "called with what a service just made"
)]
pub fn all_migrations(own: Migrator) -> Migrator {
    let platform = sqlx::migrate!("./migrations");
    let mut all: Vec<_> = platform.iter().cloned().chain(own.iter().cloned()).collect();
    all.sort_by_key(|m| m.version);
    Migrator::with_migrations(all)
}
