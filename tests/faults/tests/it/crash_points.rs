//! Every service dies at every place between two durable steps.

use std::collections::BTreeSet;
use std::time::Duration;

use faults::client::Manners;
use faults::crashes::{Points, crash_at_each};
use faults::house::{House, Plan};
use faults::workload::{Load, Workload};

use crate::kills::end;

/// How long a service waits for something to pass its point. What passes
/// seldom is waited for once more.
const PATIENCE: Duration = Duration::from_secs(20);

/// Places that calm journeys never reach: nothing parks a fact without a fault.
const NEVER_CALM: [&str; 1] = ["park.before_commit"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "wants a machine of its own: only in a long run"]
async fn a_crash_at_every_point_changes_no_outcome() {
    let seed = faults::seed::seed("crash points");
    let house = House::open(&Plan::new("crash-points", crate::HOUSE))
        .await
        .unwrap();
    let opening = Workload::begin(&house, Load::new(seed, 1)).await.unwrap();
    end(&house, opening).await;
    house.list_points().await.unwrap();
    let load = |first| Load {
        first,
        ..Load::new(seed, 16)
    };
    let calm = Workload::begin(&house, load(100)).await.unwrap();
    end(&house, calm).await;
    let points = house.listed_points().unwrap();
    every_place_is_reached(&points);

    for hit in 1..=if crate::scale() > 1 { 2 } else { 1 } {
        let load = Load {
            at_once: 48,
            manners: Manners {
                patience: Duration::from_mins(5),
                ..Manners::default()
            },
            ..load(1_000 * hit)
        };
        let busy = Workload::begin(&house, load).await.unwrap();
        let passed = crash_at_each(&house, &points, hit, PATIENCE).await.unwrap();
        let missed = if passed.missed.is_empty() {
            Points::new()
        } else {
            println!("once more: {:?}", passed.missed);
            crash_at_each(&house, &passed.missed, hit, PATIENCE * 3)
                .await
                .unwrap()
                .missed
        };
        let count: usize = points.values().map(Vec::len).sum();
        println!(
            "{count} crash points, visit {hit}; {} journeys meanwhile",
            busy.done()
        );
        end(&house, busy).await;
        assert!(missed.is_empty(), "never reached: {missed:?}");
    }
}

fn every_place_is_reached(points: &Points) {
    let reached: BTreeSet<&str> = points
        .values()
        .flatten()
        .filter_map(|p| p.split(' ').next())
        .collect();
    let unreached: Vec<_> = platform::crash::PLACES
        .iter()
        .filter(|place| !reached.contains(*place) && !NEVER_CALM.contains(place))
        .collect();
    assert!(unreached.is_empty(), "calm journeys do not come by {unreached:?}");
}
