//! The whole house as processes: PostgreSQL, Redis and the seven services are
//! its own; the channel and the mail server are the outside and never break.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, Result};
use proto::studio::access::v1::Role;
use proto::studio::operations::v1::SetClockRequest;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgPool};
use testkit::smtp::Sink;
use testkit::wechat::{self, Simulator};
use testkit::{At, Chain, Door, Identity, chain};
use tokio::sync::{Mutex, OnceCell};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use crate::client::is_unknown;
use crate::journey::Shop;
use crate::place::Place;
use crate::postgres::Cluster;
use crate::process::Process;
use crate::proxy::{Proxy, Weather};
use crate::redis::Redis;
use crate::settings::{NOTIFY, Wiring};
use crate::streams::{configs, peers};

/// Every service, in the order in which they may call each other.
pub const SERVICES: [&str; 7] = [
    "members",
    "payments",
    "wallet",
    "orders",
    "refunds",
    "notifications",
    "oversight",
];

/// How a house is built.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Names the run's folder.
    pub suite: &'static str,
    /// The program `house`: `env!("CARGO_BIN_EXE_house")` in a test. Or a folder
    /// with a program for each service.
    pub program: &'static str,
    /// Whether lines between processes go through proxies, to be disturbed.
    pub proxies: bool,
    /// Services that have a PostgreSQL of their own.
    pub own_clusters: Vec<&'static str>,
    /// Whether services reach PostgreSQL by an address that can be moved.
    pub movable: bool,
    /// More lines of `postgresql.conf`.
    pub postgres: Vec<&'static str>,
    /// More settings of every service, as TOML with dotted keys.
    pub settings: &'static str,
}

impl Plan {
    pub fn new(suite: &'static str, program: &'static str) -> Self {
        Self {
            suite,
            program,
            proxies: false,
            own_clusters: Vec::new(),
            movable: false,
            postgres: Vec::new(),
            settings: "",
        }
    }
}

/// Who reaches whom: `("orders", "payments")`, `("orders", "postgres")`,
/// `("payments", "channel")`, `("channel", "payments")`, `("notifications", "mail")`.
pub type Line = (&'static str, &'static str);

/// The cluster of those that have none of their own, where names of clusters
/// are asked for.
pub const SHARED: &str = "shared";

pub struct House {
    pub cluster: Mutex<Cluster>,
    own_clusters: BTreeMap<&'static str, Mutex<Cluster>>,
    /// Before each cluster, by its name, if the plan wants it movable.
    fronts: BTreeMap<&'static str, Proxy>,
    pub redis: Mutex<Redis>,
    pub channel: Simulator,
    pub mail: Sink,
    pub chain: Chain,
    /// Whether members pay what they are shown; they wait until they may.
    pub tills: AtomicBool,
    pub(crate) shop: OnceCell<Arc<Shop>>,
    services: BTreeMap<&'static str, Mutex<Process>>,
    lines: BTreeMap<Line, Proxy>,
    doors: BTreeMap<&'static str, Channel>,
    endpoints: BTreeMap<&'static str, Endpoint>,
    pools: BTreeMap<&'static str, PgPool>,
    // Dropped last.
    pub place: Place,
}

impl House {
    /// Builds it, and returns when everything serves.
    pub async fn open(plan: &Plan) -> Result<Arc<Self>> {
        let place = Place::new(plan.suite)?;
        let mut cluster = Cluster::create(place.join("postgres"), &plan.postgres).await?;
        cluster.start().await?;
        let mut own_clusters = BTreeMap::new();
        for name in &plan.own_clusters {
            let mut own = Cluster::create(place.join(format!("postgres-{name}")), &plan.postgres).await?;
            own.start().await?;
            own_clusters.insert(*name, Mutex::new(own));
        }
        let redis = Redis::start().await?;
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let keys = testkit::house::keys();
        let channel = Simulator::start(wechat::Config::from_keys(keys, nowhere)?).await?;
        let mail = Sink::keeping(nowhere, nowhere, 200_000).await?;
        let mut house = Self {
            cluster: Mutex::new(cluster),
            own_clusters,
            fronts: BTreeMap::new(),
            redis: Mutex::new(redis),
            channel,
            mail,
            chain: chain(),
            tills: AtomicBool::new(true),
            shop: OnceCell::new(),
            services: BTreeMap::new(),
            lines: BTreeMap::new(),
            doors: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            pools: BTreeMap::new(),
            place,
        };
        house.wire(plan).await?;
        house.furnish().await?;
        house.start_all().await?;
        house.place.opened();
        Ok(Arc::new(house))
    }

    /// Gives everyone their ports and writes what they are told.
    async fn wire(&mut self, plan: &Plan) -> Result<()> {
        let mut at = BTreeMap::new();
        for name in SERVICES {
            at.insert(name, testkit::free_port()?);
        }
        let callbacks = testkit::free_port()?;
        if plan.movable {
            for name in plan.own_clusters.iter().copied().chain([SHARED]) {
                let front = Proxy::before(self.home(name).lock().await.address).await?;
                self.fronts.insert(name, front);
            }
        }
        let redis = self.redis.lock().await.address;
        let route = self.line(plan, ("channel", "payments"), callbacks).await?;
        self.channel.route(NOTIFY, format!("http://{route}"));
        for (name, config) in configs() {
            let grpc = *at.get(name).context("a port")?;
            let process = Process::new(
                name,
                grpc,
                testkit::free_port()?,
                Path::new(plan.program),
                &self.place.join(""),
            );
            let postgres = self.database(name).await;
            let mut reached = Vec::new();
            for peer in peers(config)? {
                let target = *at.get(peer).context("a peer's port")?;
                reached.push((peer, self.line(plan, (name, peer), target).await?));
            }
            let wiring = Wiring {
                service: name,
                grpc,
                metrics: process.metrics(),
                callbacks,
                postgres: self.line(plan, (name, "postgres"), postgres).await?,
                redis: self.line(plan, (name, "redis"), redis).await?,
                channel: self
                    .own_line(plan, ("payments", "channel"), name, self.channel.address())
                    .await?,
                mail: self
                    .own_line(plan, ("notifications", "mail"), name, self.mail.smtp_address())
                    .await?,
                peers: reached,
                more: plan.settings,
            };
            std::fs::write(process.config(), wiring.toml()?)?;
            self.services.insert(name, Mutex::new(process));
            let endpoint = Endpoint::from_shared(format!("http://{grpc}"))?;
            self.doors.insert(name, endpoint.connect_lazy());
            self.endpoints.insert(name, endpoint);
        }
        Ok(())
    }

    /// Where to reach `target` by this line.
    async fn line(&mut self, plan: &Plan, line: Line, target: SocketAddr) -> Result<SocketAddr> {
        if !plan.proxies {
            return Ok(target);
        }
        if let Some(proxy) = self.lines.get(&line) {
            return Ok(proxy.address);
        }
        let proxy = Proxy::before(target).await?;
        let address = proxy.address;
        self.lines.insert(line, proxy);
        Ok(address)
    }

    /// As [`House::line`], for a target that one service alone reaches.
    async fn own_line(
        &mut self,
        plan: &Plan,
        line: Line,
        name: &str,
        target: SocketAddr,
    ) -> Result<SocketAddr> {
        if line.0 == name {
            self.line(plan, line, target).await
        } else {
            Ok(target)
        }
    }

    /// Databases with their schemas and the organisation.
    async fn furnish(&mut self) -> Result<()> {
        for name in SERVICES {
            let cluster = self.home(name).lock().await;
            let mut admin = cluster.options("postgres").connect().await?;
            for role in ["owner", "run"] {
                let role = format!("create role {name}_{role} login nosuperuser nobypassrls password 'test'");
                sqlx::raw_sql(AssertSqlSafe(role)).execute(&mut admin).await?;
            }
            let database =
                format!("create database {name} owner {name}_owner template template0 encoding 'UTF8'");
            sqlx::raw_sql(AssertSqlSafe(database)).execute(&mut admin).await?;
            let options = cluster.options(name);
            drop(cluster);
            let pool = PgPoolOptions::new()
                .max_connections(3)
                .connect_lazy_with(options.port(self.database(name).await.port()));
            self.pools.insert(name, pool);
        }
        let migrations = self
            .services
            .values()
            .map(|s| async { s.lock().await.migrate().await });
        futures::future::try_join_all(migrations).await?;
        for pool in self.pools.values() {
            testkit::chain::load(&mut *pool.acquire().await?).await?;
        }
        Ok(())
    }

    /// Starts whatever does not run, and waits until all serve.
    pub async fn start_all(&self) -> Result<()> {
        for service in self.services.values() {
            service.lock().await.start()?;
        }
        for service in self.services.values() {
            service.lock().await.ready().await?;
        }
        Ok(())
    }

    /// Ends every disturbance and starts whatever does not run.
    pub async fn heal(&self) -> Result<()> {
        self.lines.values().for_each(|line| line.set(Weather::Clear));
        for cluster in self.own_clusters.values().chain([&self.cluster]) {
            cluster.lock().await.start().await?;
        }
        self.redis.lock().await.begin().await?;
        for service in self.services.values() {
            let mut service = service.lock().await;
            service.go_on()?;
            service.ended()?;
        }
        self.start_all().await
    }

    pub fn service(&self, name: &str) -> Result<&Mutex<Process>> {
        self.services
            .get(name)
            .with_context(|| format!("there is no service {name}"))
    }

    /// The cluster that a service has its database in.
    pub fn home(&self, service: &str) -> &Mutex<Cluster> {
        self.own_clusters.get(service).unwrap_or(&self.cluster)
    }

    /// What can be moved before the cluster that a service has its database in.
    pub fn front(&self, service: &str) -> Result<&Proxy> {
        self.fronts
            .get(service)
            .or_else(|| self.fronts.get(SHARED))
            .context("the house is not built movable")
    }

    /// Another cluster serves a service from now on. Returns the one before.
    pub async fn move_to(&self, service: &str, cluster: Cluster) -> Result<Cluster> {
        let mut home = self.home(service).lock().await;
        self.front(service)?.lead_to(cluster.address);
        Ok(std::mem::replace(&mut *home, cluster))
    }

    /// Where services reach the cluster of that service.
    async fn database(&self, service: &str) -> SocketAddr {
        match self.front(service) {
            Ok(front) => front.address,
            Err(_) => self.home(service).lock().await.address,
        }
    }

    /// A channel to a service on which `who` calls.
    pub fn door(&self, service: &str, who: &Identity) -> Result<Door> {
        let channel = self
            .doors
            .get(service)
            .with_context(|| format!("there is no service {service}"))?;
        Ok(InterceptedService::new(channel.clone(), who.clone()))
    }

    /// As [`House::door`], over a connection of its own.
    pub fn new_door(&self, service: &str, who: &Identity) -> Result<Door> {
        let endpoint = self
            .endpoints
            .get(service)
            .with_context(|| format!("there is no service {service}"))?;
        Ok(InterceptedService::new(endpoint.connect_lazy(), who.clone()))
    }

    /// The superuser's pool of a service's database: for checks.
    pub fn pool(&self, service: &str) -> Result<&PgPool> {
        self.pools
            .get(service)
            .with_context(|| format!("there is no service {service}"))
    }

    /// Every line that can be disturbed.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        self.lines.keys().copied()
    }

    pub fn set_weather(&self, line: Line, weather: Weather) {
        if let Some(proxy) = self.lines.get(&line) {
            proxy.set(weather);
        }
    }
}

impl House {
    /// Moves business time of one service.
    pub async fn set_clock(&self, service: &str, offset_ms: i64) -> Result<()> {
        let operations = Identity::staff(Role::Operations, At::Everywhere);
        let request = SetClockRequest {
            request_id: kernel::fresh_uuid().to_string(),
            offset_ms,
        };
        let mut answer = Ok(());
        for _ in 0..20 {
            let door = self.door(service, &operations)?;
            let asked = journeys::ask(door, tonic::Request::new(request.clone())).await;
            answer = asked.map(drop);
            if !answer.as_ref().is_err_and(is_unknown) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(answer?)
    }
}
