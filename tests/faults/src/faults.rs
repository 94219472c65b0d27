//! What breaks, when, and for how long: drawn from a seed, printed as it
//! happens, the same again for the same seed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use tokio::time::{Instant, sleep};

use crate::house::{House, Line, SERVICES};
use crate::proxy::Weather;

/// One thing that breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A process dies as by `kill -9`, and comes back after a while.
    Kill(&'static str, Duration),
    /// A process stands still for a while and does not notice.
    Pause(&'static str, Duration),
    /// PostgreSQL stops without a checkpoint, and comes back after a while.
    StopDatabase(Duration),
    /// The postmaster dies as by `kill -9`, and comes back after a while.
    KillDatabase(Duration),
    FlushRedis,
    KillRedis(Duration),
    /// A line is bad for a while.
    Weather(Line, Weather, Duration),
    /// Business time of a service jumps to so many milliseconds from real time.
    Clock(&'static str, i64),
}

/// A kind of fault, from which chance draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Kill,
    Pause,
    StopDatabase,
    KillDatabase,
    FlushRedis,
    KillRedis,
    Slow,
    Silent,
    OneWay,
    Cut,
    Clock,
}

impl Fault {
    /// Breaks it, and mends it when its time is over.
    pub async fn happen(self, house: &House) -> Result<()> {
        match self {
            Self::Kill(name, down) => {
                let mut service = house.service(name)?.lock().await;
                service.kill().await?;
                sleep(down).await;
                service.start()
            }
            Self::Pause(name, still) => {
                let service = house.service(name)?.lock().await;
                service.pause()?;
                sleep(still).await;
                service.go_on()
            }
            Self::StopDatabase(down) => {
                let mut cluster = house.cluster.lock().await;
                cluster.stop_immediately().await?;
                sleep(down).await;
                cluster.start().await
            }
            Self::KillDatabase(down) => {
                let mut cluster = house.cluster.lock().await;
                cluster.kill().await?;
                sleep(down).await;
                cluster.start().await
            }
            Self::FlushRedis => house.redis.lock().await.flush().await,
            Self::KillRedis(down) => {
                let mut redis = house.redis.lock().await;
                redis.kill().await?;
                sleep(down).await;
                redis.begin().await
            }
            Self::Weather(line, weather, time) => {
                house.set_weather(line, weather);
                sleep(time).await;
                house.set_weather(line, Weather::Clear);
                Ok(())
            }
            Self::Clock(name, offset_ms) => house.set_clock(name, offset_ms).await,
        }
    }
}

/// Draws faults and lets them happen, one after the other.
pub struct Schedule {
    chance: StdRng,
    kinds: Vec<Kind>,
    /// Between the beginnings of two faults, in milliseconds.
    pub every_ms: Range<u64>,
    /// How long something is broken, in milliseconds.
    pub lasts_ms: Range<u64>,
    /// How far clocks are from real time, in milliseconds.
    pub clocks_ms: Range<i64>,
    /// The lines that may be disturbed.
    pub lines: Vec<Line>,
    /// How many of each kind happened.
    pub happened: BTreeMap<Kind, u32>,
}

impl Schedule {
    pub fn new(chance: StdRng, house: &House, kinds: &[Kind]) -> Self {
        Self {
            chance,
            kinds: kinds.to_vec(),
            every_ms: 300..2_000,
            lasts_ms: 50..800,
            clocks_ms: 0..180_000,
            lines: house.lines().collect(),
            happened: BTreeMap::new(),
        }
    }

    /// The next fault.
    pub fn draw(&mut self) -> Result<(Kind, Fault)> {
        let chance = &mut self.chance;
        let kind = *self.kinds.choose(chance).context("no kinds of fault")?;
        let service = *SERVICES.choose(chance).context("no services")?;
        let time = Duration::from_millis(chance.random_range(self.lasts_ms.clone()));
        let mut line = || {
            self.lines
                .choose(chance)
                .copied()
                .context("no lines: is the house built with proxies?")
        };
        let fault = match kind {
            Kind::Kill => Fault::Kill(service, time),
            Kind::Pause => Fault::Pause(service, time),
            Kind::StopDatabase => Fault::StopDatabase(time),
            Kind::KillDatabase => Fault::KillDatabase(time),
            Kind::FlushRedis => Fault::FlushRedis,
            Kind::KillRedis => Fault::KillRedis(time),
            Kind::Slow => Fault::Weather(line()?, Weather::Slow(time / 4), time),
            Kind::Silent => Fault::Weather(line()?, Weather::Silent, time),
            Kind::OneWay => Fault::Weather(line()?, Weather::OneWay, time),
            Kind::Cut => Fault::Weather(line()?, Weather::Cut, time),
            Kind::Clock => Fault::Clock(service, chance.random_range(self.clocks_ms.clone())),
        };
        Ok((kind, fault))
    }

    /// Lets `count` faults happen.
    pub async fn run(&mut self, house: &Arc<House>, count: u32) -> Result<()> {
        let began = Instant::now();
        for _ in 0..count {
            let next =
                Instant::now() + Duration::from_millis(self.chance.random_range(self.every_ms.clone()));
            let (kind, fault) = self.draw()?;
            println!("{:7.2} s  {fault:?}", began.elapsed().as_secs_f64());
            fault.happen(house).await.with_context(|| format!("{fault:?}"))?;
            *self.happened.entry(kind).or_default() += 1;
            tokio::time::sleep_until(next).await;
        }
        Ok(())
    }
}
