//! The machine of PostgreSQL goes, and its standby takes over behind the same
//! address.

pub mod asynchronous;

use std::sync::Arc;
use std::time::Duration;

use faults::failover::Standby;
use faults::history::{End, History};
use faults::house::{House, Plan, SERVICES, SHARED};
use faults::patience::until_so;
use faults::proxy::Weather;
use faults::workload::{Load, Workload};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::kills::end;

/// The longest that nobody may be able to write; held against in long runs, which
/// have the machine for themselves.
const OUTAGE: Duration = Duration::from_secs(15);

/// A commit is acknowledged when a standby has it too.
const SYNCHRONOUS: [&str; 2] = [
    "synchronous_standby_names = 'ANY 1 (standby)'",
    "synchronous_commit = on",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failover_to_a_synchronous_standby_after_a_crash_loses_no_acknowledged_write() {
    let seed = faults::seed::seed("synchronous");
    let plan = Plan {
        movable: true,
        ..Plan::new("synchronous", crate::HOUSE)
    };
    let house = House::open(&plan).await.unwrap();
    let mut chance = StdRng::seed_from_u64(seed);
    for round in 0..u32::try_from(crate::scale()).unwrap() {
        let standby = Standby::of(&house, SHARED, &format!("{}", round + 2), &[])
            .await
            .unwrap();
        wait_for_it(&house).await;
        let load = Load {
            first: 1 + 10_000 * round,
            ..Load::new(seed + u64::from(round), 10)
        };
        let workload = Workload::begin(&house, load).await.unwrap();
        let history = workload.history.clone();
        acknowledged(&history, chance.random_range(30..180)).await;
        // Nothing of the last moments comes across: nothing of it may have been acknowledged.
        standby.line.set(Weather::Silent);
        tokio::time::sleep(Duration::from_millis(chance.random_range(500..1_500))).await;
        let at = history.at_ms();
        drop(standby.take_over(&house, SHARED).await.unwrap());
        end(&house, workload).await;
        let outage = silence(&history, at);
        println!("nobody could write for {:.1} s", outage.as_secs_f64());
        assert!(
            crate::scale() == 1 || outage <= OUTAGE,
            "nobody could write for {outage:?}"
        );
        never_parted(&house).await;
    }
}

/// From now on commits of the primary wait for the standby.
async fn wait_for_it(house: &House) {
    let primary = house.cluster.lock().await;
    primary.configure(&SYNCHRONOUS).unwrap();
    primary.reload().unwrap();
    let mut connection = primary.connect().await.unwrap();
    until_so("commits wait for the standby", async || {
        let waits = sqlx::query_scalar(
            "select exists (select from pg_stat_replication where sync_state in ('sync', 'quorum'))",
        );
        Ok(waits.fetch_one(&mut connection).await?)
    })
    .await
    .unwrap();
}

/// Waits until so many writes were acknowledged.
pub async fn acknowledged(history: &Arc<History>, writes: usize) {
    let so_many = format!("{writes} writes are acknowledged");
    until_so(&so_many, async || Ok(history.count(End::Ok) >= writes))
        .await
        .unwrap();
}

/// The longest time without an acknowledged write that ends after `at`.
fn silence(history: &History, at: u128) -> Duration {
    let entries = history.entries();
    let acknowledged = entries.iter().filter(|e| e.end == End::Ok).map(|e| e.at_ms);
    let mut acknowledged: Vec<u128> = acknowledged.collect();
    acknowledged.sort_unstable();
    let gaps = acknowledged.windows(2).filter(|pair| pair[1] > at);
    let longest = gaps.map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    Duration::from_millis(u64::try_from(longest).unwrap())
}

/// No service ever saw another's history change.
async fn never_parted(house: &House) {
    for service in SERVICES {
        let parted: i64 = sqlx::query_scalar("select count(*) from divergences")
            .fetch_one(house.pool(service).unwrap())
            .await
            .unwrap();
        assert_eq!(parted, 0, "{service}");
    }
}
