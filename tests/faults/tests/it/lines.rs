//! The lines between processes are slow, cut, silent or deaf, processes stand
//! still, clocks differ, callers go away.

use std::time::Duration;

use faults::client::Manners;
use faults::faults::{Kind, Schedule};
use faults::house::{House, Plan};
use faults::workload::{Load, Workload};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::kills::end;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "wants a machine of its own: only in a long run"]
async fn bad_lines_and_processes_that_stand_still_race_without_changing_any_outcome() {
    let seed = faults::seed::seed("lines");
    let plan = Plan {
        proxies: true,
        ..Plan::new("lines", crate::HOUSE)
    };
    let house = House::open(&plan).await.unwrap();
    let scale = u32::try_from(crate::scale()).unwrap();
    let workload = Workload::begin(&house, Load::new(seed, 16 * scale))
        .await
        .unwrap();
    let kinds = [Kind::Slow, Kind::Cut, Kind::Silent, Kind::OneWay, Kind::Pause];
    let mut schedule = Schedule::new(StdRng::seed_from_u64(seed), &house, &kinds);
    schedule.every_ms = 100..600;
    schedule.lasts_ms = 200..3_000;
    schedule.run(&house, 20 * scale).await.unwrap();
    end(&house, workload).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "wants a machine of its own: only in a long run"]
async fn clocks_that_differ_and_callers_that_cancel_change_no_outcome() {
    let seed = faults::seed::seed("clocks");
    let house = House::open(&Plan::new("clocks", crate::HOUSE)).await.unwrap();
    let scale = u32::try_from(crate::scale()).unwrap();
    let load = Load {
        manners: Manners {
            cut_one_in: 3,
            ..Manners::default()
        },
        ..Load::new(seed, 16 * scale)
    };
    let workload = Workload::begin(&house, load).await.unwrap();
    let mut schedule = Schedule::new(StdRng::seed_from_u64(seed), &house, &[Kind::Clock]);
    schedule.every_ms = 500..1_500;
    // Codes live for five minutes and QRs for a quarter of an hour.
    schedule.clocks_ms = Duration::from_mins(2).as_millis().try_into().unwrap();
    schedule.run(&house, 15 * scale).await.unwrap();
    end(&house, workload).await;
}
