//! What all services stand on goes away: PostgreSQL and Redis.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use faults::faults::{Fault, Kind, Schedule};
use faults::house::{House, Plan};
use faults::journey::Outcome;
use faults::workload::{Load, Workload};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::kills::end;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "wants a machine of its own: only in a long run"]
async fn a_crash_of_postgresql_loses_nothing_that_was_acknowledged() {
    let seed = faults::seed::seed("database");
    let house = House::open(&Plan::new("database", crate::HOUSE)).await.unwrap();
    let scale = u32::try_from(crate::scale()).unwrap();
    let workload = Workload::begin(&house, Load::new(seed, 16 * scale))
        .await
        .unwrap();
    let mut schedule = Schedule::new(
        StdRng::seed_from_u64(seed),
        &house,
        &[Kind::StopDatabase, Kind::KillDatabase],
    );
    schedule.every_ms = 3_000..5_000;
    schedule.run(&house, 5 * scale).await.unwrap();
    end(&house, workload).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "wants a machine of its own: only in a long run"]
async fn outcomes_are_the_same_when_redis_is_flushed_every_second_and_crashes() {
    let seed = faults::seed::seed("redis");
    let house = House::open(&Plan::new("redis", crate::HOUSE)).await.unwrap();
    let journeys = 8 * u32::try_from(crate::scale()).unwrap();
    let load = |first| Load {
        first,
        ..Load::new(seed, journeys)
    };
    let calm = outcomes(&house, load(1), None).await;
    let flushed = outcomes(&house, load(100_000), Some(Fault::FlushRedis)).await;
    assert_eq!(calm, flushed);
    let down = Fault::KillRedis(Duration::from_millis(700));
    let killed = outcomes(&house, load(200_000), Some(down)).await;
    assert_eq!(calm, killed);
}

/// The outcomes by the order in which journeys were drawn, while `fault`
/// happens every second.
async fn outcomes(house: &Arc<House>, load: Load, fault: Option<Fault>) -> BTreeMap<u32, Outcome> {
    let (first, journeys) = (load.first, load.journeys);
    let workload = Workload::begin(house, load).await.unwrap();
    let history = workload.history.clone();
    let breaking = async {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            if let Some(fault) = fault {
                fault.happen(house).await.unwrap();
            }
        }
    };
    let walked = tokio::select! {
        walked = workload.finish() => walked,
        () = breaking => unreachable!("it goes on for ever"),
    };
    crate::kills::all_is_well(house, &history, walked.violations()).await;
    let drawn = walked
        .outcomes
        .into_iter()
        .map(|(number, outcome)| (number - first, outcome));
    let drawn: BTreeMap<u32, Outcome> = drawn.collect();
    assert_eq!(drawn.len(), usize::try_from(journeys).unwrap());
    drawn
}
