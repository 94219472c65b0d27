//! Processes die in the midst of journeys.

use std::sync::Arc;
use std::time::Duration;

use faults::check::check;
use faults::faults::{Kind, Schedule};
use faults::history::History;
use faults::house::{House, Plan};
use faults::workload::{Load, Workload};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// What must have come to rest after everything is mended.
pub const REST: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn services_killed_at_random_crash_without_changing_any_outcome() {
    let seed = faults::seed::seed("kills");
    let house = House::open(&Plan::new("kills", crate::HOUSE)).await.unwrap();
    let journeys = if crate::scale() > 1 { 200 } else { 48 };
    for round in 0..u64::try_from(crate::scale()).unwrap() {
        let load = Load {
            first: 1 + 10_000 * u32::try_from(round).unwrap(),
            ..Load::new(seed + round, journeys)
        };
        let mut schedule = Schedule::new(StdRng::seed_from_u64(load.seed), &house, &[Kind::Kill]);
        let workload = Workload::begin(&house, load).await.unwrap();
        schedule.run(&house, 30).await.unwrap();
        end(&house, workload).await;
    }
}

/// Mends everything, lets the journeys end, waits until all is quiet, and checks.
pub async fn end(house: &Arc<House>, workload: Workload) {
    house.heal().await.unwrap();
    let history = workload.history.clone();
    let walked = workload.finish().await;
    all_is_well(house, &history, walked.violations()).await;
}

/// Waits until all is quiet, and checks.
pub async fn all_is_well(house: &House, history: &History, mut violations: Vec<String>) {
    if let Err(error) = house.quiet(REST).await {
        violations.push(format!("{error:#}"));
    }
    violations.extend(check(house, history).await.unwrap());
    let count = violations.len();
    assert!(count == 0, "{count} violations:\n{}", violations.join("\n"));
}
