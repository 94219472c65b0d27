//! Databases go back to an earlier time: all of them, one that only follows,
//! and one that others follow.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use checker::Invariant;
use faults::check::verdict;
use faults::history::{End, Entry, calls};
use faults::house::{House, Plan, SERVICES, SHARED};
use faults::lost::{Ids, ids, unexplained};
use faults::parted::{self, Before};
use faults::patience::{until, until_so};
use faults::postgres::{ARCHIVING, Backup, Cluster};
use faults::streams::streams;
use faults::witnesses;
use faults::workload::{Load, Workload};
use rand::Rng as _;
use uuid::Uuid;

use crate::failover::acknowledged;
use crate::failover::asynchronous::{Scene, read_past};
use crate::kills::{REST, end};

/// From the disaster until everything serves again.
const RECOVERY: Duration = Duration::from_mins(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restore_of_everything_after_a_crash_goes_on_from_one_moment_and_finds_later_money() {
    let seed = faults::seed::seed("everything");
    let house = House::open(&plan("everything", Vec::new())).await.unwrap();
    let journeys = 3 * u32::try_from(crate::scale()).unwrap();
    let archive = house.place.join("archive");
    let (first, backup) = backed_up(&house, &archive, Load::new(seed, journeys)).await;
    let history = first.history.clone();
    let walked = first.finish().await;
    assert_eq!(walked.violations(), Vec::<String>::new());

    // Some have a QR before them and have not paid.
    house.tills.store(false, Ordering::Relaxed);
    let load = Load {
        first: 10_000,
        ..Load::new(seed + 1, 2)
    };
    let second = Workload::begin(&house, load).await.unwrap();
    let open = all_at_the_till(&house, 2).await;
    house.quiet(REST).await.unwrap();
    let mut entries = [history.entries(), second.history.entries()].concat();
    let moment = house.cluster.lock().await.now().await.unwrap();

    // Then they pay, and go on.
    tokio::time::sleep(Duration::from_millis(200)).await;
    house.tills.store(true, Ordering::Relaxed);
    let later = second.history.clone();
    acknowledged(&later, later.count(End::Ok) + 14).await;
    house.cluster.lock().await.archived().await.unwrap();
    drop(second);
    let (lost, began) = everything_is_restored(&house, backup, &archive, &moment).await;
    let took = began.elapsed();
    println!("everything serves {:.1} s after the disaster", took.as_secs_f64());
    assert!(took <= RECOVERY);

    all_fulfilled(&house, &open).await;
    println!(
        "{} payments after that moment were found again at the channel",
        open.len()
    );
    let load = Load {
        first: 20_000,
        ..Load::new(seed + 2, 2)
    };
    let third = Workload::begin(&house, load).await.unwrap();
    let history = third.history.clone();
    let mut wrong = third.finish().await.violations();
    house.quiet(REST).await.unwrap();
    entries.extend(history.entries());
    wrong.extend(only_the_channel_knows(&house, &entries, &lost).await);
    assert!(
        wrong.is_empty(),
        "{} violations:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restore_of_a_consumer_after_a_crash_replays_by_itself() {
    let seed = faults::seed::seed("consumer");
    let house = House::open(&plan("consumer", vec!["notifications"]))
        .await
        .unwrap();
    let journeys = 4 * u32::try_from(crate::scale()).unwrap();
    let workload = Workload::begin(&house, Load::new(seed, journeys)).await.unwrap();
    acknowledged(&workload.history, 40).await;
    let folder = house.place.join("postgres-backup");
    let backup = house
        .home("notifications")
        .lock()
        .await
        .back_up(folder)
        .await
        .unwrap();
    let at = applied(&house).await;
    acknowledged(&workload.history, 75).await;
    let more = async || Ok(Some(applied(&house).await).filter(|had| *had > at));
    let had = until("notifications applies more", more).await.unwrap();
    house.home("notifications").lock().await.vanish().await.unwrap();
    let mut older = backup.cluster().unwrap();
    older.configure(&[]).unwrap();
    older.start().await.unwrap();
    let began = Instant::now();
    drop(house.move_to("notifications", older).await.unwrap());
    let again = applied(&house).await;
    println!("notifications had {had} facts, goes back to about {at}, and has {again}");
    let load = Load {
        first: 10_000,
        ..Load::new(seed + 1, 2)
    };
    let later = Workload::begin(&house, load).await.unwrap();
    let walked = later.finish().await;
    assert_eq!(walked.violations(), Vec::<String>::new());
    end(&house, workload).await;
    println!(
        "all is well {:.1} s after it went back",
        began.elapsed().as_secs_f64()
    );
}

/// Services that others follow, and that are restored alone.
const ALONE: [&str; 4] = ["payments", "members", "wallet", "orders"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restore_of_one_service_after_a_crash_stops_who_had_read_further() {
    let seed = faults::seed::seed("one");
    for round in 0..crate::scale() {
        // An ordinary run has one of the first two; a long one has all.
        let at = usize::try_from(seed % 2).unwrap() + round;
        one_goes_back(ALONE[at % ALONE.len()], seed + u64::try_from(round).unwrap()).await;
    }
}

async fn one_goes_back(source: &'static str, seed: u64) {
    println!("{source} goes back, seed {seed}");
    let plan = Plan {
        // Others are to know of its last entries soon.
        settings: "audit.head_ms = 500",
        ..plan("one", vec![source])
    };
    let mut scene = Scene::open(&plan, source, seed).await;
    let house = scene.house.clone();
    let archive = house.place.join("archive");
    house.home(source).lock().await.archive(&archive).unwrap();
    let first = scene.work(1, 6, Duration::from_secs(12)).await;
    acknowledged(&first.history, 25).await;
    let folder = house.place.join("postgres-restored");
    let backup = house.home(source).lock().await.back_up(folder).await.unwrap();
    acknowledged(&first.history, scene.chance.random_range(30..60)).await;
    let moment = house.home(source).lock().await.now().await.unwrap();
    let kept = parted::head(house.pool(source).unwrap()).await.unwrap();
    let chained = chained(&house, source).await;
    read_past(&house, source, "", kept + scene.chance.random_range(3..12)).await;
    others_know_past(&house, source, chained).await;
    let (before, lost) = it_is_restored(&house, source, backup, &archive, &moment).await;
    scene.all_goes_on(first, &before, &lost).await;
    as_one_who_follows(&house, source).await;
    // The loss stays visible, and is declared once.
    let lost_until = witnesses::reseal(&house, source).await.unwrap();
    others_know_past(&house, source, lost_until).await;
    let report = witnesses::report(&house, source).await.unwrap();
    assert_eq!(report.reseals.len(), 1, "{report:?}");
}

/// Waits until somebody else has a later entry of its audit chain.
async fn others_know_past(house: &House, source: &str, entry: i64) {
    until_so("others know of its last entries", async || {
        Ok(witnesses::highest(house, source).await? > entry)
    })
    .await
    .unwrap();
}

async fn chained(house: &House, service: &str) -> i64 {
    sqlx::query_scalar("select coalesce(max(seq), 0) from audit_chain")
        .fetch_one(house.pool(service).unwrap())
        .await
        .unwrap()
}

/// A service and its database stop, and come back as they were at that moment.
/// Returns what had been read of it, and every id that is lost.
async fn it_is_restored(
    house: &House,
    source: &'static str,
    backup: Backup,
    archive: &Path,
    moment: &str,
) -> (Before, Ids) {
    let mut service = house.service(source).unwrap().lock().await;
    service.stop().await.unwrap();
    house.home(source).lock().await.archived().await.unwrap();
    house.home(source).lock().await.vanish().await.unwrap();
    let before = Before::of(house, source).await.unwrap();
    let restored = backup.restore(archive, moment).await.unwrap();
    let kept = ids(&restored.options(source)).await.unwrap();
    let mut dead = house.move_to(source, restored).await.unwrap();
    service.start().unwrap();
    service.ready().await.unwrap();
    dead.configure(&["archive_mode = off"]).unwrap();
    dead.start().await.unwrap();
    let had = ids(&dead.options(source)).await.unwrap();
    (before, had.difference(&kept).cloned().collect())
}

/// Its own sources it takes again where its data stand: no person is asked.
async fn as_one_who_follows(house: &House, service: &str) {
    let asked: i64 = sqlx::query_scalar("select count(*) from divergences")
        .fetch_one(house.pool(service).unwrap())
        .await
        .unwrap();
    assert_eq!(asked, 0, "{service} was kept from reading on");
    let all = streams();
    let (_, sources) = all.iter().find(|(name, _)| *name == service).unwrap();
    for source in sources {
        parted::all_follow(house, source, REST).await.unwrap();
    }
}

/// A house whose databases are archived, and can be moved.
fn plan(suite: &'static str, own_clusters: Vec<&'static str>) -> Plan {
    Plan {
        movable: true,
        own_clusters,
        postgres: ARCHIVING.to_vec(),
        ..Plan::new(suite, crate::HOUSE)
    }
}

/// Journeys, in whose midst a base backup is taken.
async fn backed_up(house: &Arc<House>, archive: &Path, load: Load) -> (Workload, Backup) {
    house.cluster.lock().await.archive(archive).unwrap();
    let workload = Workload::begin(house, load).await.unwrap();
    acknowledged(&workload.history, 30).await;
    let folder = house.place.join("postgres-restored");
    let backup = house.cluster.lock().await.back_up(folder).await.unwrap();
    (workload, backup)
}

/// How many facts notifications has applied.
async fn applied(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from inbox")
        .fetch_one(house.pool("notifications").unwrap())
        .await
        .unwrap()
}

/// Waits until so many have a QR before them; answers with their orders.
async fn all_at_the_till(house: &House, members: usize) -> Vec<Uuid> {
    until("all are at the till", async || {
        let codes: i64 = sqlx::query_scalar("select count(*) from attempts where state = 'awaiting_payment'")
            .fetch_one(house.pool("payments")?)
            .await?;
        let open: Vec<Uuid> = sqlx::query_scalar("select order_id from orders where state <> 'fulfilled'")
            .fetch_all(house.pool("orders")?)
            .await?;
        let all = open.len() == members && usize::try_from(codes)? == members;
        Ok(all.then_some(open))
    })
    .await
    .unwrap()
}

/// Every process and the database die, and everything comes back as it was at
/// that moment. Returns every id that is lost, and when the disaster was.
async fn everything_is_restored(
    house: &House,
    backup: Backup,
    archive: &Path,
    moment: &str,
) -> (Ids, Instant) {
    for service in SERVICES {
        house.service(service).unwrap().lock().await.kill().await.unwrap();
    }
    house.cluster.lock().await.vanish().await.unwrap();
    house.redis.lock().await.kill().await.unwrap();
    let began = Instant::now();
    let restored = backup.restore(archive, moment).await.unwrap();
    let dead = house.move_to(SHARED, restored).await.unwrap();
    let kept = everywhere(&*house.cluster.lock().await).await;
    house.heal().await.unwrap();
    let ready = Instant::now();
    let lost = had(dead).await.difference(&kept).cloned().collect();
    (lost, began + ready.elapsed())
}

/// Every id that a dead cluster had in it. Nobody reaches it any more.
async fn had(mut dead: Cluster) -> Ids {
    dead.configure(&["archive_mode = off"]).unwrap();
    dead.start().await.unwrap();
    everywhere(&dead).await
}

async fn everywhere(cluster: &Cluster) -> Ids {
    let mut all = Ids::new();
    for service in SERVICES {
        all.extend(ids(&cluster.options(service)).await.unwrap());
    }
    all
}

/// Waits until all of these orders are fulfilled.
async fn all_fulfilled(house: &House, orders: &[Uuid]) {
    until_so("what was paid is fulfilled", async || {
        let all = sqlx::query_scalar(
            "select not exists (select from orders where order_id = any($1) and state <> 'fulfilled')",
        );
        Ok(all.bind(orders).fetch_one(house.pool("orders")?).await?)
    })
    .await
    .unwrap();
}

/// Names what the channel holds of what is lost; anything else is wrong.
async fn only_the_channel_knows(house: &House, entries: &[Entry], lost: &Ids) -> Vec<String> {
    let found = verdict(house, &calls(entries)).await.unwrap();
    unexplained(&found, lost, |violation| {
        violation.invariant == Invariant::ChannelAgrees && violation.service == "payments"
    })
}
