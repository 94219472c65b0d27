//! Every service dies at every place between two durable steps: in an ordinary
//! run at one point of each of its places, in a large one at every point.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use faults::client::Manners;
use faults::crashes::{Choice, Days, Patience, Points, by_place, crash_as_days_pass, crash_at_each, place};
use faults::house::{House, Plan};
use faults::park;
use faults::workload::{Load, Workload};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::kills::end;

/// A journey meets many crashes in a row here, and the work of each dead process
/// rests for a lease.
const PATIENCE: Duration = Duration::from_mins(10);

/// Only a fact that cannot be applied comes by here; see `faults::park`.
const NEVER_CALM: [&str; 1] = ["park.before_commit"];

/// Tasks to which no journey leads.
const OF_THE_DAY: [&str; 6] = [
    " run_checks",
    " plan_bills",
    " fetch_bill",
    " match_day",
    " judge_day",
    " settle",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_at_every_place_of_every_service_changes_no_outcome() {
    let seed = faults::seed::seed("crash points");
    let house = House::open(&Plan::new("crash-points", crate::HOUSE))
        .await
        .unwrap();
    let points = calm_points(&house, seed).await;
    every_place_is_reached(&points);
    let (of_days, points) = by_the_clock(points);
    let mut days = Days::new();
    for visit in 1..=if crate::scale() > 1 { 2 } else { 1 } {
        let wanted = if crate::scale() > 1 {
            points.clone()
        } else {
            by_place(&points, &mut StdRng::seed_from_u64(seed))
        };
        let missed = crash_amid_journeys(&house, seed, visit, &wanted).await;
        assert!(missed.is_empty(), "nothing came by {missed:?}");
        if crate::scale() > 1 {
            crash_as_days_go_by(&house, seed, visit, &of_days, &mut days).await;
        }
    }
    a_fact_that_is_parked_amid_a_crash_is_applied_in_the_end(&house, seed).await;
}

/// Points of tasks of the day, and all others.
fn by_the_clock(points: Points) -> (Points, Points) {
    let of_the_day = |choice: &Choice| {
        choice
            .iter()
            .any(|p| OF_THE_DAY.iter().any(|kind| p.ends_with(kind)))
    };
    let split = points.into_iter().map(|(name, choices)| {
        let (days, others): (Vec<_>, Vec<_>) = choices.into_iter().partition(of_the_day);
        ((name, days), (name, others))
    });
    split.unzip()
}

async fn crash_as_days_go_by(house: &Arc<House>, seed: u64, visit: u32, points: &Points, days: &mut Days) {
    let load = Load {
        first: 200_000 + 100_000 * visit,
        ..Load::new(seed, 0)
    };
    let nobody = Workload::begin(house, load).await.unwrap();
    let passed = crash_as_days_pass(house, points, visit, days).await.unwrap();
    house.heal().await.unwrap();
    println!(
        "{} crash points of the day hit at visit {visit}",
        passed.hit.len()
    );
    assert!(passed.missed.is_empty(), "no day brings {:?}", passed.missed);
    end(house, nobody).await;
}

/// The points that journeys come by when nothing breaks.
async fn calm_points(house: &Arc<House>, seed: u64) -> Points {
    // Nobody comes by the opening of the shop a second time.
    let opening = Workload::begin(house, Load::new(seed, 0)).await.unwrap();
    opening.finish().await;
    house.list_points().await.unwrap();
    let journeys = if crate::scale() > 1 { 32 } else { 8 };
    let calm = Workload::begin(house, Load::new(seed, journeys)).await.unwrap();
    end(house, calm).await;
    house.listed_points().unwrap()
}

fn every_place_is_reached(points: &Points) {
    let reached: BTreeSet<&str> = points.values().flatten().flatten().map(|p| place(p)).collect();
    let unreached: Vec<_> = platform::crash::PLACES
        .iter()
        .filter(|place| !reached.contains(*place) && !NEVER_CALM.contains(place))
        .collect();
    assert!(unreached.is_empty(), "calm journeys do not come by {unreached:?}");
}

/// Hits what is wanted, and says what of it was never come by.
async fn crash_amid_journeys(house: &Arc<House>, seed: u64, visit: u32, wanted: &Points) -> Points {
    let load = Load {
        first: 100_000 * visit,
        manners: Manners {
            patience: PATIENCE,
            ..Manners::default()
        },
        ..Load::new(seed, 16)
    };
    let busy = Workload::begin(house, load).await.unwrap();
    // As many as are on their way when a point is armed, and twice as many after them.
    let mut patience = Patience {
        ended: busy.done(),
        journeys: 48,
    };
    let mut passed = crash_at_each(house, wanted, visit, &patience).await.unwrap();
    if !passed.missed.is_empty() {
        println!("once more: {:?}", passed.missed);
        patience.journeys *= 3;
        let again = crash_at_each(house, &passed.missed, visit, &patience).await;
        let again = again.unwrap();
        passed.hit.extend(again.hit);
        passed.missed = again.missed;
    }
    println!("{} crash points hit at visit {visit}", passed.hit.len());
    for (service, point) in &passed.hit {
        println!("    {service} {point}");
    }
    end(house, busy).await;
    passed.missed
}

async fn a_fact_that_is_parked_amid_a_crash_is_applied_in_the_end(house: &Arc<House>, seed: u64) {
    let load = Load {
        first: 900_000,
        ..Load::new(seed, 0)
    };
    let nobody = Workload::begin(house, load).await.unwrap();
    park::crash_while_parking(house).await.unwrap();
    end(house, nobody).await;
}
