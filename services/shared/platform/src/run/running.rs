use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use kernel::Clock;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::background::{Loops, background};
use super::{ListenerLimits, assemble, beside, migrate, reports, serve};
use crate::access::{Access, Rules};
use crate::config::{PlatformConfig, Settings};
use crate::door::Door;
use crate::limits::{Callers, Rooms};
use crate::telemetry::Telemetry;
use crate::{Listener, Platform, Service, all_migrations};

/// How long the last answers have to leave after the last call has ended.
const FLUSH: Duration = Duration::from_millis(500);
const SCHEMA_AGAIN: Duration = Duration::from_secs(1);
/// Prometheus and the probes of one machine.
const PROBES: ListenerLimits = ListenerLimits {
    connections: 64,
    head: Duration::from_mins(1),
    head_bytes: 16 * 1024,
};

/// The part of a service that a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// Everything, which is the default.
    All,
    /// Calls.
    Api,
    /// The doors beside gRPC.
    Callbacks,
    /// Reactions, tasks and the sequencer.
    Reactions,
}

/// Asked of health, it says that the process answers, whether or not it can
/// serve: a process that waits for its database must not be killed for it.
const ALIVE: &str = "liveness";

/// A service that runs in this process.
pub struct Running<S> {
    pub app: Arc<S>,
    pub grpc_addr: SocketAddr,
    pub metrics_addr: SocketAddr,
    /// Where the doors beside gRPC listen, by name.
    pub listeners: Vec<(&'static str, SocketAddr)>,
    ready: watch::Receiver<bool>,
    health: HealthReporter,
    names: Vec<&'static str>,
    door: Arc<Door>,
    loops: Loops,
    closing: CancellationToken,
    doors: Vec<JoinHandle<()>>,
    /// The doors of the service itself, as for callbacks.
    beside: Vec<JoinHandle<()>>,
    wait: Duration,
    telemetry: Arc<Option<Telemetry>>,
}

impl<S: Service> Running<S> {
    /// Starts a service with these settings alone, whatever the environment
    /// says: several may run in one process. The clock is the caller's.
    pub async fn start(settings: Settings<S::Config>, only: Only, clock: Clock) -> anyhow::Result<Self> {
        Self::start_with(settings, only, clock, None).await
    }

    pub(super) async fn start_with(
        settings: Settings<S::Config>,
        only: Only,
        clock: Clock,
        telemetry: Option<Telemetry>,
    ) -> anyhow::Result<Self> {
        let Settings {
            platform: config,
            service,
            ..
        } = settings;
        let rules = Rules::of_house()?;
        let names = rules.served_by(S::NAME);
        rules.require(&names)?;
        let platform = assemble::platform(S::NAME, &config, clock, S::own_acts())?;
        let (became_ready, ready) = watch::channel(false);
        let door = Arc::new(door(&config, &platform, rules, ready.clone())?);
        let app = Arc::new(S::build(platform, service).await?);

        let (health, _) = tonic_health::server::health_reporter();
        let telemetry = Arc::new(telemetry);
        let mut running = Self {
            grpc_addr: config.grpc.listen,
            metrics_addr: config.metrics.listen,
            listeners: Vec::new(),
            ready,
            health,
            names,
            door,
            loops: Loops::default(),
            closing: CancellationToken::new(),
            doors: Vec::new(),
            beside: Vec::new(),
            wait: Duration::from_millis(config.drain.wait_ms),
            telemetry,
            app,
        };
        running.open(&config, only).await?;
        running.work(&config, only, became_ready);
        Ok(running)
    }

    /// Opens the doors: gRPC and probes always, since health is asked there.
    async fn open(&mut self, config: &PlatformConfig, only: Only) -> anyhow::Result<()> {
        self.report(ServingStatus::NotServing).await;
        self.health
            .set_service_status(ALIVE, ServingStatus::Serving)
            .await;
        let routes = serve::routes(
            &self.app,
            self.health.clone(),
            config.grpc.reflection.then_some(self.names.as_slice()),
            config.clock.movable,
        )?;
        let listener = bind(config.grpc.listen, "grpc.listen").await?;
        self.grpc_addr = listener.local_addr()?;
        let tls = assemble::server_tls(&config.mtls)?;
        let grpc = serve::grpc(
            config.grpc.clone(),
            tls,
            self.door.clone(),
            routes,
            listener,
            self.closing.clone(),
        );
        self.doors.push(background(async move {
            if let Err(error) = grpc.await {
                tracing::error!(error = format!("{error:#}"), "the gRPC door broke");
            }
        }));
        let listener = bind(config.metrics.listen, "metrics.listen").await?;
        self.metrics_addr = listener.local_addr()?;
        let probes = serve::probes(self.telemetry.clone(), self.ready.clone());
        self.doors.push(self.http("metrics", listener, probes, PROBES));
        if matches!(only, Only::All | Only::Callbacks) {
            for Listener {
                name,
                address,
                router,
                limits,
            } in S::listeners(&self.app)
            {
                let listener = bind(address, name).await?;
                self.listeners.push((name, listener.local_addr()?));
                self.beside.push(self.http(name, listener, router, limits));
            }
        }
        Ok(())
    }

    fn http(
        &self,
        name: &'static str,
        listener: TcpListener,
        router: axum::Router,
        limits: ListenerLimits,
    ) -> JoinHandle<()> {
        background(beside::serve(
            name,
            listener,
            router,
            limits,
            self.closing.clone(),
        ))
    }

    /// Waits for the schema, then begins to serve and to work.
    fn work(&self, config: &PlatformConfig, only: Only, ready: watch::Sender<bool>) {
        let loops = self.loops.clone();
        let app = self.app.clone();
        let (health, names) = (self.health.clone(), self.names.clone());
        let config = config.clone();
        self.loops.cut(self.door.callers.follow(config.redis.url.clone()));
        self.loops.cut(async move {
            await_schema::<S>(&app).await;
            warm(&app).await;
            learn_organisation(&app).await;
            follow(&loops, &app, &config, only);
            for name in names.iter().copied().chain([""]) {
                health.set_service_status(name, ServingStatus::Serving).await;
            }
            ready.send_replace(true);
            ready.closed().await;
        });
    }

    async fn report(&self, status: ServingStatus) {
        for name in self.names.iter().copied().chain([""]) {
            self.health.set_service_status(name, status).await;
        }
    }

    /// Waits until the schema is new enough and the service serves.
    pub async fn ready(&self) {
        let mut ready = self.ready.clone();
        if ready.wait_for(|ready| *ready).await.is_err() {
            tracing::warn!("the process stopped before it was ready");
        }
    }

    /// Ends in order: says that it does not serve any more, takes no new work,
    /// lets what runs end, and leaves.
    pub async fn shutdown(self) {
        self.report(ServingStatus::NotServing).await;
        self.closing.cancel();
        self.door.running.close();
        let ended = async {
            self.loops.end().await;
            self.door.running.wait().await;
        };
        if timeout(self.wait, ended).await.is_err() {
            tracing::warn!("some work did not end in time and is cut off");
        }
        for mut door in self.beside {
            if timeout(self.wait, &mut door).await.is_err() {
                door.abort();
            }
        }
        for mut door in self.doors {
            // A pull of the feed may wait for long; nothing is lost with it.
            if timeout(FLUSH, &mut door).await.is_err() {
                door.abort();
            }
        }
        let flushed = tokio::task::spawn_blocking(move || {
            if let Some(telemetry) = self.telemetry.as_ref() {
                telemetry.flush();
            }
        });
        if let Err(error) = flushed.await {
            tracing::warn!(%error, "the last telemetry may be lost");
        }
    }
}

fn door(
    config: &PlatformConfig,
    platform: &Platform,
    rules: &'static Rules,
    ready: watch::Receiver<bool>,
) -> anyhow::Result<Door> {
    let verifier = Arc::new(assemble::verifier(config)?);
    Ok(Door {
        name: platform.name(),
        rules,
        access: Access::new(verifier, platform.organisation().clone()),
        deadlines: config.deadlines.clone(),
        limits: config.limits.clone(),
        mtls: config.mtls.enabled,
        ready,
        rooms: Rooms::for_calls(&config.limits),
        streams: Arc::new(Semaphore::new(config.limits.streams)),
        callers: Callers::new(
            platform.name(),
            &config.limits,
            platform.inner.fingerprint.clone(),
        ),
        running: TaskTracker::new(),
    })
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{key}: {address} cannot be listened on"))
}

async fn await_schema<S: Service>(platform: &Platform) {
    let migrations = all_migrations(S::migrations());
    let mut told = false;
    loop {
        match migrate::schema_is_current(&platform.inner.background, &migrations).await {
            Ok(true) => return,
            Ok(false) if told => {}
            Ok(false) => tracing::warn!("the schema is older than this program; run `migrate`"),
            Err(error) if told => tracing::debug!(%error, "the schema cannot be read"),
            Err(error) => tracing::warn!(%error, "the schema cannot be read"),
        }
        told = true;
        tokio::time::sleep(SCHEMA_AGAIN).await;
    }
}

/// Connects before the first call comes, which has no time to wait for it.
async fn warm(platform: &Platform) {
    let connect = || platform.inner.calls.acquire();
    let (a, b) = tokio::join!(connect(), connect());
    if let Some(error) = a.err().or(b.err()) {
        tracing::debug!(%error, "the first connections took too long");
    }
}

/// Reads where the studios are: without it every call would be refused for
/// good that only has to wait a moment.
async fn learn_organisation(platform: &Platform) {
    while let Err(error) = platform.organisation().refresh(platform).await {
        tracing::warn!(
            error = crate::telemetry::chain(&error),
            "the organisation cannot be read"
        );
        tokio::time::sleep(SCHEMA_AGAIN).await;
    }
}

/// Starts what goes on beside calls.
fn follow<S: Service>(loops: &Loops, app: &Arc<S>, config: &PlatformConfig, only: Only) {
    let platform: Platform = (***app).clone();
    loops.cut(platform.organisation().clone().follow(platform.clone()));
    loops.cut(crate::operations::follow_clock(
        platform.clone(),
        config.clock.movable,
    ));
    loops.cut(crate::hints::run(platform.clone(), config.redis.url.clone()));
    if !matches!(only, Only::All | Only::Reactions) {
        return;
    }
    loops.cut(platform.clone().run_sequencer());
    loops.cut(platform.clone().run_chain());
    loops.cut(platform.clone().run_sweeper());
    loops.cut(
        platform
            .clone()
            .run_heads(Duration::from_millis(config.audit.head_ms)),
    );
    loops.cut(reports::run(platform.clone()));
    loops.cut(reports::schedule_standing(platform, S::standing()));
    for subscription in S::subscriptions() {
        loops.cut(Arc::new(subscription).run(app.clone()));
    }
    let worker = Arc::new(crate::tasks::Worker::new(app.clone()));
    for _ in 0..config.tasks.workers {
        loops.ask(worker.clone().run(loops.stop.clone()));
    }
}
