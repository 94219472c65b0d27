//! A house in which members live: how long a payment takes to become a card,
//! how long a fact is on its way, and how much memory a busy service holds.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use faults::house::{House, Plan, SERVICES};
use faults::workload::{Load, Workload};
use rust_decimal::Decimal;
use serde_json::json;

use crate::spends::Payers;
use crate::{Bar, facts, percentile, scans, service};

/// As a server is run: what is acknowledged is on the disk.
const DURABLE: [&str; 4] = [
    "fsync = on",
    "synchronous_commit = on",
    "track_commit_timestamp = on",
    "max_wal_size = 4GB",
];
/// Room for whoever plays all callers at once.
const SETTINGS: &str = "limits.concurrency = 512\nlimits.queue = 512\nlimits.connection_queue = 512";
const SEED: u64 = 20_261_122;
const MEMBERS: u32 = 60;
const UNLOADED: usize = 300;
const IN_FLIGHT: usize = 64;
const SCANS: usize = 200;
const LASTS: Duration = Duration::from_secs(10);

/// The folder of the services' programs, built with the profile of this one.
pub fn programs() -> Result<PathBuf> {
    let own = env::current_exe()?;
    let folder = own.parent().context("a folder")?;
    if let Some(cargo) = env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        // With this program, so that all is built with the same features.
        build.args(["build", "--quiet", "--bins", "-p", "bench"]);
        if folder.file_name().is_some_and(|name| name == "release") {
            build.arg("--release");
        }
        for name in SERVICES {
            build.args(["-p", name]);
        }
        ensure!(build.status()?.success(), "the services cannot be built");
    }
    Ok(folder.to_owned())
}

/// A house of its own, as a server is run.
pub async fn open(programs: &Path) -> Result<Arc<House>> {
    let programs: &str = programs.to_str().context("a folder's name")?.to_owned().leak();
    let plan = Plan {
        postgres: DURABLE.to_vec(),
        settings: SETTINGS,
        ..Plan::new("bench", programs)
    };
    House::open(&plan).await
}

/// Lets members live their journeys, and then spend.
pub async fn measure(programs: &Path) -> Result<Vec<Bar>> {
    let house = open(programs).await?;
    let load = Load {
        at_once: 2,
        ..Load::new(SEED, MEMBERS)
    };
    let walked = Workload::begin(&house, load).await?.finish().await;
    ensure!(walked.wrong.is_empty(), "journeys went wrong: {:?}", walked.wrong);
    let mut cards = facts::payments_to_cards(&house).await?;

    let payers = Payers::of(&house).await?;
    let mut alone = payers.one_at_a_time(UNLOADED).await?;
    let most = payers.closed_loop(IN_FLIGHT, LASTS).await?;
    facts::caught_up(&house, "wallet").await?;
    let since = facts::now(&house).await?;
    let half = payers.open_loop(most / 2, LASTS).await?;
    let loaded = resident(&house, "wallet").await?;
    facts::caught_up(&house, "wallet").await?;
    let lags = facts::lags(&house, "wallet", since).await?;
    let mut bars = bars(&mut cards, &mut alone, most, half, loaded, lags)?;
    bars.push(scan(&mut scans::to_desk(&house, SCANS).await?));
    Ok(bars)
}

fn scan(took: &mut [i64]) -> Bar {
    let (p50, p99) = (percentile(took, 50), percentile(took, 99));
    Bar {
        name: "scan-to-desk",
        value: p99,
        unit: "ms",
        floor: Decimal::from(1_000),
        goal: Decimal::from(300),
        detail: json!({ "payments": took.len(), "p50_ms": p50, "p99_ms": p99 }),
    }
}

async fn resident(house: &Arc<House>, name: &str) -> Result<Decimal> {
    let process = house.service(name)?.lock().await;
    service::resident(process.id().context("it does not run")?)
}

fn bars(
    cards: &mut [i64],
    alone: &mut [i64],
    most: u64,
    half: u64,
    loaded: Decimal,
    lags: Vec<facts::Lag>,
) -> Result<Vec<Bar>> {
    ensure!(!cards.is_empty() && !alone.is_empty(), "nothing was measured");
    let (card, spend) = (percentile(cards, 50), percentile(alone, 50));
    let p99 = percentile(cards, 99);
    let detail = json!({
        "cards": cards.len(), "p50_ms": card, "p99_ms": p99, "spends": alone.len(), "spend_p50_ms": spend,
    });
    let mut worst = Decimal::ZERO;
    let mut consumers = serde_json::Map::new();
    for mut lag in lags {
        let (p50, p99) = (percentile(&mut lag.micros, 50), percentile(&mut lag.micros, 99));
        worst = worst.max(p99);
        let seen = json!({ "facts": lag.micros.len(), "p50_ms": p50, "p99_ms": p99 });
        consumers.insert(lag.consumer.to_owned(), seen);
    }
    Ok(vec![
        Bar {
            name: "paid-to-active",
            value: (card / spend).round_dp(2),
            unit: "times a spend",
            floor: Decimal::from(8),
            goal: Decimal::from(5),
            detail: detail.clone(),
        },
        Bar {
            name: "paid-to-active-p99",
            value: p99,
            unit: "ms",
            floor: Decimal::from(2_000),
            goal: Decimal::from(500),
            detail,
        },
        Bar {
            name: "feed-lag",
            value: worst,
            unit: "ms",
            floor: Decimal::from(100),
            goal: Decimal::from(30),
            detail: json!({ "spends_a_second": half, "most_spends_a_second": most, "consumers": consumers }),
        },
        Bar {
            name: "rss-loaded",
            value: loaded,
            unit: "MiB",
            floor: Decimal::from(64),
            goal: Decimal::from(32),
            detail: json!({ "service": "wallet", "spends_a_second": most }),
        },
    ])
}
