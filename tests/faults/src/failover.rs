//! A primary dies and its standby takes its place, behind one address.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sqlx::ConnectOptions as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::house::House;
use crate::postgres::Cluster;
use crate::proxy::Proxy;

/// How often whoever watches asks a primary, and after how many questions
/// without an answer it is taken for dead.
const WATCH: Duration = Duration::from_millis(500);
const MISSED: u32 = 3;

/// One more cluster that follows the primary of a service.
pub struct Standby {
    pub cluster: Cluster,
    /// By which it hears of the primary.
    pub line: Proxy,
}

impl Standby {
    /// Takes a copy of the primary of `service` and follows it.
    pub async fn of(house: &House, service: &str, name: &str, settings: &[&str]) -> Result<Self> {
        let primary = house.home(service).lock().await;
        let line = Proxy::before(primary.address).await?;
        let folder = house.place.join(format!("postgres-{name}"));
        let cluster = primary.standby(line.address, folder, settings).await?;
        Ok(Self { cluster, line })
    }

    /// The primary's machine goes; whoever watches sees it, promotes this one
    /// and moves the address. Returns what is left of the primary.
    pub async fn take_over(self, house: &House, service: &str) -> Result<Cluster> {
        die(house, service).await?;
        self.serve(house, service).await
    }

    /// The highest number of a service's feed that came across.
    pub async fn head(&self, service: &str) -> Result<i64> {
        let mut connection = self.cluster.options(service).connect().await?;
        let head = sqlx::query_scalar("select coalesce(max(seq), 0) from feed");
        Ok(head.fetch_one(&mut connection).await?)
    }

    /// Takes the place of a primary that is dead.
    pub async fn serve(self, house: &House, service: &str) -> Result<Cluster> {
        let began = Instant::now();
        gone(house.front(service)?.address).await;
        let seen = began.elapsed();
        self.cluster.promote().await?;
        let dead = house.move_to(service, self.cluster).await?;
        println!(
            "the primary of {service} is dead; seen after {:.1} s, the standby serves after {:.1} s",
            seen.as_secs_f64(),
            began.elapsed().as_secs_f64()
        );
        Ok(dead)
    }
}

/// The machine of a service's primary goes.
pub async fn die(house: &House, service: &str) -> Result<()> {
    house.home(service).lock().await.vanish().await
}

/// Returns when nobody answered several times.
async fn gone(address: SocketAddr) {
    let mut missed = 0;
    while missed < MISSED {
        sleep(WATCH).await;
        let answers = timeout(WATCH, asks(address)).await;
        missed = if matches!(answers, Ok(Ok(()))) {
            0
        } else {
            missed + 1
        };
    }
}

/// What `pg_isready` asks: whether there is a server that talks, here by the
/// question whether it talks TLS.
async fn asks(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await?;
    let mut answer = [0; 1];
    stream.read_exact(&mut answer).await.context("no answer")?;
    Ok(())
}
