//! The lines between processes are slow, cut, silent or deaf, processes stand
//! still, clocks differ, callers go away.

use std::sync::Arc;

use faults::client::Manners;
use faults::faults::{Kind, Schedule};
use faults::house::{House, Plan};
use faults::workload::{Load, Workload};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::kills::end;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_lines_clocks_that_differ_and_callers_that_cancel_change_no_outcome() {
    let seed = faults::seed::seed("lines");
    let plan = Plan {
        proxies: true,
        ..Plan::new("lines", crate::HOUSE)
    };
    let house = House::open(&plan).await.unwrap();
    bad_lines(&house, seed).await;
    bad_clocks_and_callers(&house, seed).await;
}

/// Lines are bad and processes stand still.
async fn bad_lines(house: &Arc<House>, seed: u64) {
    let load = Load::new(seed, count(8, 12));
    let workload = Workload::begin(house, load).await.unwrap();
    let kinds = [Kind::Slow, Kind::Cut, Kind::Silent, Kind::OneWay, Kind::Pause];
    let mut schedule = Schedule::new(StdRng::seed_from_u64(seed), house, &kinds);
    schedule.every_ms = 100..600;
    schedule.lasts_ms = 200..3_000;
    schedule.run(house, count(14, 20)).await.unwrap();
    end(house, workload).await;
}

/// Business time differs by up to three minutes: codes live for five and QRs
/// for a quarter of an hour. It is never before the shop was opened.
async fn bad_clocks_and_callers(house: &Arc<House>, seed: u64) {
    let load = Load {
        first: 100_000,
        manners: Manners {
            cut_one_in: 3,
            ..Manners::default()
        },
        ..Load::new(seed, count(8, 12))
    };
    let workload = Workload::begin(house, load).await.unwrap();
    let mut schedule = Schedule::new(StdRng::seed_from_u64(seed), house, &[Kind::Clock]);
    schedule.every_ms = 500..1_500;
    schedule.clocks_ms = 0..180_000;
    schedule.run(house, count(8, 12)).await.unwrap();
    end(house, workload).await;
}

fn count(ordinary: usize, each: usize) -> u32 {
    u32::try_from(crate::amount(ordinary, each)).unwrap()
}
