//! The standby that takes over did not have everything: what its followers had
//! applied and is true no more is noticed before anything follows from the new
//! history.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use checker::{Invariant, Violation};
use faults::check::verdict;
use faults::client::Manners;
use faults::failover::{Standby, die};
use faults::history::{History, calls};
use faults::house::{House, Plan};
use faults::lost::{Ids, ids, unexplained, with_parked};
use faults::parted::{self, Before, Stopped};
use faults::patience::until_so;
use faults::proxy::Weather;
use faults::workload::{Load, Workload};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::acknowledged;
use crate::kills::REST;

/// Sources that lose their last facts, each with a follower that is away and
/// does not read so far.
const SOURCES: [(&str, &str); 4] = [
    ("payments", "refunds"),
    ("members", "oversight"),
    ("orders", "refunds"),
    ("wallet", "refunds"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failover_with_a_lost_tail_after_a_crash_stops_who_had_read_it() {
    let seed = faults::seed::seed("asynchronous");
    for round in 0..crate::scale() {
        // An ordinary run has one of the first two; a long one has all.
        let at = usize::try_from(seed % 2).unwrap() + round;
        let (source, lags) = SOURCES[at % SOURCES.len()];
        tail_is_lost(source, lags, seed + u64::try_from(round).unwrap()).await;
    }
}

/// A house in which one service's PostgreSQL has a standby that does not keep up.
pub struct Scene {
    pub house: Arc<House>,
    pub source: &'static str,
    pub chance: StdRng,
    pub seed: u64,
}

async fn tail_is_lost(source: &'static str, lags: &'static str, seed: u64) {
    println!("{source} loses its last facts, {lags} is away, seed {seed}");
    let plan = Plan {
        movable: true,
        own_clusters: vec![source],
        ..Plan::new("asynchronous", crate::HOUSE)
    };
    let mut scene = Scene::open(&plan, source, seed).await;
    let standby = Standby::of(&scene.house, source, "standby", &[]).await.unwrap();
    let first = scene.work(1, 6, Duration::from_secs(12)).await;
    let history = first.history.clone();
    let (before, lost) = scene.cut_and_die(standby, lags, &history).await;
    scene.all_goes_on(first, &before, &lost).await;
    let asked: i64 = sqlx::query_scalar("select count(*) from divergences where orphans > 0")
        .fetch_one(scene.house.pool(lags).unwrap())
        .await
        .unwrap();
    assert_eq!(
        asked, 0,
        "{lags} had read nothing of what is lost, and was stopped"
    );
}

impl Scene {
    pub async fn open(plan: &Plan, source: &'static str, seed: u64) -> Self {
        Self {
            house: House::open(plan).await.unwrap(),
            source,
            chance: StdRng::seed_from_u64(seed),
            seed,
        }
    }

    pub async fn work(&self, first: u32, journeys: u32, patience: Duration) -> Workload {
        let load = Load {
            first,
            manners: Manners {
                patience,
                ..Manners::default()
            },
            ..Load::new(self.seed + u64::from(first), journeys)
        };
        Workload::begin(&self.house, load).await.unwrap()
    }

    /// The standby hears nothing any more, the others read on, the primary
    /// dies, the standby takes its place. Returns what had been read, and every
    /// id that is lost.
    async fn cut_and_die(&mut self, standby: Standby, lags: &str, history: &Arc<History>) -> (Before, Ids) {
        let (house, source) = (&self.house, self.source);
        acknowledged(history, self.chance.random_range(25..70)).await;
        let lagging = house.service(lags).unwrap();
        lagging.lock().await.kill().await.unwrap();
        standby.line.set(Weather::Silent);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let kept = standby.head(source).await.unwrap();
        read_past(house, source, lags, kept + self.chance.random_range(3..12)).await;
        die(house, source).await.unwrap();
        lagging.lock().await.start().unwrap();
        let before = Before::of(house, source).await.unwrap();
        let kept = ids(&standby.cluster.options(source)).await.unwrap();
        let mut dead = standby.serve(house, source).await.unwrap();
        // Nobody reaches it any more: only to see what was in it.
        dead.start().await.unwrap();
        let had = ids(&dead.options(source)).await.unwrap();
        (before, had.difference(&kept).cloned().collect())
    }

    /// Others begin, persons resume who has stopped, everybody ends; what then
    /// disagrees has to name something that is lost.
    pub async fn all_goes_on(&self, first: Workload, before: &Before, lost: &Ids) {
        let second = self.work(10_000, 2, Manners::default().patience).await;
        let histories = [first.history.clone(), second.history.clone()];
        let (walked, second, mut wrong) = tokio::join!(first.finish(), second.finish(), self.resume(before));
        wrong.extend(second.violations());
        // Their members lost what had been acknowledged; but nothing may break inside.
        for other in walked.violations() {
            println!("lost: {other}");
            wrong.extend(other.contains("Internal").then_some(other));
        }
        parted::all_follow(&self.house, self.source, REST).await.unwrap();
        let entries: Vec<_> = histories.iter().flat_map(|history| history.entries()).collect();
        let found = verdict(&self.house, &calls(&entries)).await.unwrap();
        let lost = with_parked(&self.house, lost).await.unwrap();
        wrong.extend(unexplained(&found, &lost, is_excusable));
        assert!(
            wrong.is_empty(),
            "{} violations:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }

    /// Who had read what is lost has stopped, and persons let them go on.
    pub async fn resume(&self, before: &Before) -> Vec<String> {
        let (stopped, wrong) = before.stop(&self.house).await.unwrap();
        assert!(!stopped.is_empty(), "nobody had read past the cut");
        name(&stopped);
        for service in parted::followers(self.source) {
            if stopped.iter().all(|one| one.service != service) {
                println!("{service} had applied nothing that is lost, and goes on by itself");
            }
        }
        for one in &stopped {
            parted::resume(&self.house, one).await.unwrap();
        }
        parted::all_follow(&self.house, self.source, REST).await.unwrap();
        wrong
    }
}

/// What no loss excuses: balances, refunds beyond what was paid, facts that
/// are not taken once, illegal states, writes without an audit entry. A fact
/// about what is lost may wait for a person, and the record of a refund, or of a
/// payment of which a part goes back, may be lost like any other.
fn is_excusable(violation: &Violation) -> bool {
    match violation.invariant {
        Invariant::BooksBalance | Invariant::StatesLegal | Invariant::WritesAudited => false,
        Invariant::RefundsWithinPaid => {
            violation.what.contains(" is not among ") || violation.what.ends_with(" promised back of 0")
        }
        Invariant::FactsOnce => violation.what.ends_with("waits for a person"),
        _ => true,
    }
}

/// Waits until somebody who does not lag has applied the source's facts up to
/// a position.
pub async fn read_past(house: &House, source: &str, lags: &str, position: i64) {
    for service in parted::followers(source).into_iter().filter(|s| *s != lags) {
        let reads = format!("{service} reads {source} up to {position}");
        until_so(&reads, async || {
            let cursor =
                sqlx::query_scalar("select coalesce(max(seq), 0) >= $2 from cursors where source = $1");
            let cursor = cursor.bind(source).bind(position);
            Ok(cursor.fetch_one(house.pool(service)?).await?)
        })
        .await
        .unwrap();
    }
}

/// Says what is known to be lost.
fn name(stopped: &[Stopped]) {
    for one in stopped {
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        for orphan in &one.orphans {
            *kinds.entry(&orphan.r#type).or_default() += 1;
        }
        let it = &one.divergence;
        println!(
            "{} had applied {} facts of {} that are lost, after {}: {kinds:?}",
            one.service, it.orphans, it.source, it.common_seq
        );
    }
}
