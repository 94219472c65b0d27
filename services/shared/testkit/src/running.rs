//! One service in the process of its test: on a database of its own, as the
//! runtime role, with a clock that the test moves and background work that
//! runs when the test says so.

mod settings;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Result;
use kernel::{Clock, PersonId, to_proto_time};
use platform::config::Settings;
use platform::outbox::Gaps;
use platform::run::{Only, Running as Process};
use platform::tasks::Worker;
use platform::{Error, Service, all_migrations};
use proto::Event;
use proto::studio::access::v1::Role;
use proto::studio::feed::v1::Event as Envelope;
use sqlx::PgPool;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

use crate::chain;
use crate::database::{self, Database};
use crate::house::{At, Door, Identity};
use crate::tls::Authority;

use settings::merged;
pub use settings::{settings, settings_as_shipped};

/// More rounds than any test leaves work for.
const ROUNDS: usize = 500;

/// A service that a test runs.
pub struct Running<S: Service> {
    process: Process<S>,
    worker: Arc<Worker<S>>,
    gaps: Mutex<Gaps>,
    channel: Channel,
    clock: Clock,
    admin: PgPool,
    heard: AtomicI64,
    told: String,
    // Dropped last, when nothing uses it any more.
    _database: Database,
}

impl<S: Service> Running<S> {
    /// Starts the service with the organisation of [`chain`].
    ///
    /// # Panics
    /// When anything is wrong: there is no test without it.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// As [`Running::start`], with settings of one's own, as TOML.
    ///
    /// # Panics
    /// When anything is wrong.
    pub async fn start_with(overrides: &str) -> Self {
        Self::start_on(Clock::default(), overrides).await
    }

    /// As [`Running::start_with`], with a clock that others may share.
    ///
    /// # Panics
    /// When anything is wrong.
    pub async fn start_on(clock: Clock, overrides: &str) -> Self {
        let opened = Self::open(clock, settings, overrides).await;
        opened.unwrap_or_else(|error| panic!("{} does not start: {error:#}", S::NAME))
    }

    /// As [`Running::start_with`], with every limit as services are shipped.
    ///
    /// # Panics
    /// When anything is wrong.
    pub async fn start_as_shipped(overrides: &str) -> Self {
        let opened = Self::open(Clock::default(), settings_as_shipped, overrides).await;
        opened.unwrap_or_else(|error| panic!("{} does not start: {error:#}", S::NAME))
    }

    /// As [`Running::start_as_shipped`], with its database behind `proxy`.
    ///
    /// # Panics
    /// When anything is wrong.
    pub async fn start_as_shipped_through(proxy: SocketAddr, overrides: &str) -> Self {
        let settings = |service: &str, database: &Database| {
            let server = format!("@{}/", database::address()?);
            Ok(settings_as_shipped(service, database)?.replace(&server, &format!("@{proxy}/")))
        };
        let opened = Self::open(Clock::default(), settings, overrides).await;
        opened.unwrap_or_else(|error| panic!("{} does not start: {error:#}", S::NAME))
    }

    /// As [`Running::start_on`], with mTLS on: the service and whoever calls it
    /// through [`Running::channel`] show certificates of `authority`.
    ///
    /// # Panics
    /// When anything is wrong.
    pub async fn start_secured(clock: Clock, overrides: &str, authority: &Authority) -> Self {
        let overrides = merged(&authority.settings(S::NAME), overrides);
        let mut started = Self::start_on(clock, &overrides.unwrap_or_default()).await;
        started.channel = authority.channel(&started.address(), Some("gateway"));
        started
    }

    async fn open(
        clock: Clock,
        settings: impl FnOnce(&str, &Database) -> Result<String>,
        overrides: &str,
    ) -> Result<Self> {
        let database = Database::create(S::NAME, &all_migrations(S::migrations())).await?;
        let admin = database.superuser().await?;
        chain::load(&mut *admin.acquire().await?).await?;
        let told = merged(&settings(S::NAME, &database)?, overrides)?;
        let process = Process::<S>::start(
            Settings::with(S::NAME, S::CONFIG, &told)?,
            Only::Callbacks,
            clock.clone(),
        )
        .await?;
        process.ready().await;
        process.app.organisation().refresh(&process.app).await?;
        let channel = Endpoint::from_shared(format!("http://{}", process.grpc_addr))?.connect_lazy();
        let worker = Arc::new(Worker::new(process.app.clone()));
        let (gaps, heard) = Default::default();
        Ok(Self {
            worker,
            gaps,
            heard,
            channel,
            clock,
            admin,
            process,
            told,
            _database: database,
        })
    }

    pub fn app(&self) -> &Arc<S> {
        &self.process.app
    }

    /// The settings with which a second process of the service may be started
    /// on the same database.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// The superuser's pool, whom row level security does not bind: for assertions.
    pub fn pool(&self) -> &PgPool {
        &self.admin
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where the service listens, as `127.0.0.1:4711`.
    pub fn address(&self) -> String {
        self.process.grpc_addr.to_string()
    }

    /// Where a door beside gRPC listens.
    pub fn listener(&self, name: &str) -> Option<std::net::SocketAddr> {
        self.process
            .listeners
            .iter()
            .find(|(door, _)| *door == name)
            .map(|(_, address)| *address)
    }

    /// Moves business time on.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.clock.set_offset_ms(self.clock.offset_ms() + by);
    }

    /// A channel on which `who` calls: hand it to a generated client.
    pub fn door(&self, who: Identity) -> Door {
        InterceptedService::new(self.channel.clone(), who)
    }

    /// A channel on which nobody is signed in yet.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Nobody calls.
    pub fn anonymous(&self) -> Door {
        self.door(Identity::anonymous())
    }

    /// A member calls, for themselves.
    pub fn as_member(&self, person: PersonId) -> Door {
        self.door(Identity::member(person))
    }

    /// The one person who holds `role` at `place` calls.
    pub fn as_staff(&self, role: Role, place: impl Into<At>) -> Door {
        self.door(Identity::staff(role, place))
    }

    /// A service calls, by itself.
    pub fn as_service(&self, name: &str) -> Door {
        self.door(Identity::service(name))
    }

    /// Applies `event` as the next fact of the service that publishes it, and
    /// answers with its envelope, to be delivered again.
    pub async fn hear<E: Event>(
        &self,
        aggregate: impl Into<Uuid>,
        version: i64,
        event: &E,
    ) -> Result<Envelope, Error> {
        let seq = self.heard.fetch_add(1, Ordering::Relaxed) + 1;
        let envelope = self.fact(seq, aggregate, version, event);
        self.deliver(E::STREAM, &envelope).await?;
        Ok(envelope)
    }

    /// An envelope as it would come at `seq` from the feed of the event's service.
    pub fn fact<E: Event>(&self, seq: i64, aggregate: impl Into<Uuid>, version: i64, event: &E) -> Envelope {
        Envelope {
            seq,
            event_id: kernel::fresh_uuid().to_string(),
            r#type: event.kind().to_owned(),
            aggregate: aggregate.into().to_string(),
            version,
            occurred_at: Some(to_proto_time(self.clock.now())),
            traceparent: String::new(),
            payload: event.encode_to_vec(),
        }
    }

    /// Applies a fact as if it was pulled from `source`.
    pub async fn deliver(&self, source: &str, envelope: &Envelope) -> Result<(), Error> {
        let subscriptions = S::subscriptions();
        let Some(subscription) = subscriptions.iter().find(|s| s.source == source) else {
            return Err(Error::Internal(format!(
                "{} does not listen to {source}",
                S::NAME
            )));
        };
        subscription.deliver(&self.process.app, envelope).await?;
        self.process.app.organisation().refresh(&self.process.app).await
    }

    /// Numbers what was published, once.
    pub async fn sequence(&self) -> Result<bool, Error> {
        let mut gaps = self.gaps.lock().await;
        Ok(self.process.app.sequence_once(&mut gaps).await? > 0)
    }

    /// Pulls from every source once, without waiting.
    pub async fn pull(&self) -> Result<bool, Error> {
        let mut came = 0;
        for subscription in S::subscriptions() {
            came += subscription.pull_once(&self.process.app, 0).await?;
        }
        if came > 0 {
            self.process.app.organisation().refresh(&self.process.app).await?;
        }
        Ok(came > 0)
    }

    /// Runs every task that is due and free, each once; one that fails waits
    /// for its backoff.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn try_tasks(&self) -> bool {
        let mut ran = false;
        for _ in 0..ROUNDS {
            match self.worker.run_one().await {
                Ok(true) => ran = true,
                Ok(false) => return ran,
                Err(error) => panic!("{}: {}", S::NAME, platform::telemetry::chain(&error)),
            }
        }
        panic!("{}: tasks without end", S::NAME);
    }

    /// Runs tasks as they fall due, for as long as it is waited for.
    ///
    /// # Panics
    /// As [`Running::try_tasks`].
    pub async fn work(&self) {
        loop {
            self.try_tasks().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Numbers facts and runs due tasks, those that wait for a backoff too,
    /// until nothing is left. Other services' facts come by [`Running::deliver`].
    ///
    /// # Panics
    /// When there is no end.
    pub async fn settle(&self) {
        for _ in 0..ROUNDS {
            let numbered = self
                .sequence()
                .await
                .unwrap_or_else(|e| panic!("{}: {}", S::NAME, platform::telemetry::chain(&e)));
            if !self.try_tasks().await && !numbered && !self.hurry().await {
                return;
            }
        }
        panic!("{}: work without end: {}", S::NAME, self.left().await);
    }

    /// As [`Running::settle`], with so many hands at once, for much work.
    ///
    /// # Panics
    /// When there is no end.
    pub async fn settle_by(&self, hands: usize) {
        for _ in 0..ROUNDS {
            let numbered = self.sequence().await;
            let numbered =
                numbered.unwrap_or_else(|e| panic!("{}: {}", S::NAME, platform::telemetry::chain(&e)));
            let mut working: JoinSet<_> = (0..hands).map(|_| work(self.worker.clone())).collect();
            let mut ran = false;
            while let Some(hand) = working.join_next().await {
                ran |= hand.unwrap_or_else(|e| panic!("{}: {e}", S::NAME));
            }
            if !ran && !numbered && !self.hurry().await {
                return;
            }
        }
        panic!("{}: work without end: {}", S::NAME, self.left().await);
    }

    /// Lets due tasks that failed go on at once. False when there are none.
    pub async fn hurry(&self) -> bool {
        let hurried = sqlx::query(
            "update tasks set lease_until = '-infinity' where state = 'waiting' and lease is null and due_at <= $1 and lease_until > '-infinity'",
        )
        .bind(self.clock.now())
        .execute(&self.admin)
        .await;
        hurried.is_ok_and(|h| h.rows_affected() > 0)
    }

    /// What is left to do, for the message of a failing test.
    pub async fn left(&self) -> String {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select kind, last_error from tasks where state = 'waiting' limit 5")
                .fetch_all(&self.admin)
                .await
                .unwrap_or_default();
        rows.into_iter().fold(String::new(), |mut text, (kind, error)| {
            // Writing to a String cannot fail.
            write!(text, "{kind}: {error}; ").unwrap_or_default();
            text
        })
    }
}

/// Runs tasks as long as there are any that are due and free.
async fn work<S: Service>(worker: Arc<Worker<S>>) -> bool {
    let mut ran = false;
    loop {
        match worker.run_one().await {
            Ok(true) => ran = true,
            Ok(false) => return ran,
            Err(error) => panic!("{}: {}", S::NAME, platform::telemetry::chain(&error)),
        }
    }
}
