//! What all services stand on goes away: Redis and PostgreSQL.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use faults::faults::{Fault, Kind, Schedule};
use faults::house::{House, Plan};
use faults::journey::Outcome;
use faults::workload::{Load, Workload};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::kills::{all_is_well, end};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_of_redis_or_postgresql_changes_no_outcome() {
    let seed = faults::seed::seed("outages");
    let house = House::open(&Plan::new("outages", crate::HOUSE)).await.unwrap();
    let count = |ordinary, each| u32::try_from(crate::amount(ordinary, each)).unwrap();
    without_redis(&house, seed, count(4, 6)).await;
    without_postgresql(&house, seed, count(8, 12), count(4, 5)).await;
}

/// Nothing depends on what Redis keeps, nor on whether it answers.
async fn without_redis(house: &Arc<House>, seed: u64, journeys: u32) {
    let load = |first| Load {
        first,
        ..Load::new(seed, journeys)
    };
    let calm = outcomes(house, load(1), None).await;
    let flushed = outcomes(house, load(100_000), Some(Fault::FlushRedis)).await;
    assert_eq!(calm, flushed, "FLUSHALL every second changes outcomes");
    let down = Fault::KillRedis(Duration::from_millis(700));
    let killed = outcomes(house, load(200_000), Some(down)).await;
    assert_eq!(calm, killed, "Redis killed every second changes outcomes");
}

/// The outcomes by the order in which journeys were drawn, while `fault`
/// happens every second.
async fn outcomes(house: &Arc<House>, load: Load, fault: Option<Fault>) -> BTreeMap<u32, Outcome> {
    let (first, journeys) = (load.first, load.journeys);
    let workload = Workload::begin(house, load).await.unwrap();
    let history = workload.history.clone();
    let mut happened = 0;
    let breaking = async {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            if let Some(fault) = fault {
                fault.happen(house).await.unwrap();
                happened += 1;
            }
        }
    };
    let walked = tokio::select! {
        walked = workload.finish() => walked,
        () = breaking => unreachable!("it goes on for ever"),
    };
    // The last one may have been cut off before it was mended.
    house.heal().await.unwrap();
    println!("{fault:?} happened {happened} times");
    assert!(fault.is_none() || happened > 2, "too few faults to say anything");
    all_is_well(house, &history, walked.violations()).await;
    let drawn = walked
        .outcomes
        .into_iter()
        .map(|(number, outcome)| (number - first, outcome));
    let drawn: BTreeMap<u32, Outcome> = drawn.collect();
    assert_eq!(drawn.len(), usize::try_from(journeys).unwrap());
    drawn
}

/// What was acknowledged survives a stop without a checkpoint and a kill.
async fn without_postgresql(house: &Arc<House>, seed: u64, journeys: u32, faults: u32) {
    let load = Load {
        first: 300_000,
        ..Load::new(seed, journeys)
    };
    let workload = Workload::begin(house, load).await.unwrap();
    let kinds = [Kind::StopDatabase, Kind::KillDatabase];
    let mut schedule = Schedule::new(StdRng::seed_from_u64(seed), house, &kinds);
    schedule.every_ms = 2_000..4_000;
    schedule.run(house, faults).await.unwrap();
    end(house, workload).await;
}
