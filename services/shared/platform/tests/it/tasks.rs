use std::time::Duration;

use kernel::fresh_uuid;
use platform::config::Settings;
use platform::run::{Only, Running as Process};
use platform::{Claim, NewTask, Service as _};
use testkit::Running;
use uuid::Uuid;

use crate::toy::{Toy, command, done, staff};

async fn leave(it: &Running<Toy>, tasks: impl IntoIterator<Item = NewTask>) {
    let Claim::Fresh(mut tx) = it.app().claim(&staff(&[]), &command("x")).await.unwrap() else {
        panic!("claimed before")
    };
    for task in tasks {
        tx.task(task).await.unwrap();
    }
    done(tx).await.unwrap();
}

async fn notes(it: &Running<Toy>, about: Uuid) -> Vec<String> {
    sqlx::query_scalar("select text from notes where about = $1 order by note_id")
        .bind(about)
        .fetch_all(it.pool())
        .await
        .unwrap()
}

async fn poison(it: &Running<Toy>, about: Uuid) {
    sqlx::query("insert into poison values ($1)")
        .bind(about)
        .execute(it.pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn tasks_of_one_aggregate_run_in_the_order_they_were_left() {
    let it = Running::<Toy>::start().await;
    let about = fresh_uuid();
    leave(
        &it,
        ["first", "second", "third"].map(|text| NewTask::now("note", about, &text)),
    )
    .await;
    it.settle().await;
    assert_eq!(notes(&it, about).await, ["first", "second", "third"]);
}

#[tokio::test]
async fn while_workers_are_busy_an_idle_one_looks_for_what_becomes_due() {
    let it = Running::<Toy>::start_with("tasks.workers = 3").await;
    let settings = Settings::with(Toy::NAME, Toy::CONFIG, it.told()).unwrap();
    let process = Process::<Toy>::start(settings, Only::All, it.clock().clone())
        .await
        .unwrap();
    process.ready().await;
    let (busy, soon) = ([fresh_uuid(), fresh_uuid()], fresh_uuid());
    leave(&it, busy.map(|one| NewTask::now("until_noted", one, &soon))).await;
    let due = it.clock().now() + Duration::from_secs(1);
    leave(&it, [NewTask::at("note", soon, due, &"now")]).await;
    let both = async {
        while notes(&it, busy[0]).await.is_empty() || notes(&it, busy[1]).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
    let seen = [notes(&it, busy[0]).await, notes(&it, busy[1]).await];
    assert_eq!(seen, [["it"], ["it"]]);
    process.shutdown().await;
}

#[tokio::test]
async fn a_task_that_takes_longer_than_its_lease_is_taken_over_by_nobody() {
    let it = Running::<Toy>::start_with("tasks.workers = 3\ntasks.lease_s = 1").await;
    let settings = Settings::with(Toy::NAME, Toy::CONFIG, it.told()).unwrap();
    let process = Process::<Toy>::start(settings, Only::All, it.clock().clone())
        .await
        .unwrap();
    process.ready().await;
    let about = fresh_uuid();
    leave(&it, [NewTask::now("long", about, &())]).await;
    let noted = async {
        while notes(&it, about).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), noted)
        .await
        .unwrap();
    assert_eq!(notes(&it, about).await, ["try 1"]);
    process.shutdown().await;
}

#[tokio::test]
async fn a_failing_task_holds_its_own_aggregate_and_no_other() {
    let it = Running::<Toy>::start().await;
    let (sick, sound) = (fresh_uuid(), fresh_uuid());
    poison(&it, sick).await;
    leave(
        &it,
        [
            NewTask::now("note", sick, &"a"),
            NewTask::now("note", sick, &"b"),
            NewTask::now("note", sound, &"c"),
        ],
    )
    .await;
    it.try_tasks().await;
    assert_eq!(notes(&it, sound).await, ["c"]);
    assert!(notes(&it, sick).await.is_empty());
    sqlx::query("delete from poison")
        .execute(it.pool())
        .await
        .unwrap();
    it.settle().await;
    assert_eq!(notes(&it, sick).await, ["a", "b"]);
}

#[tokio::test]
async fn a_task_that_keeps_failing_is_parked_with_its_error() {
    let it = Running::<Toy>::start().await;
    let sick = fresh_uuid();
    poison(&it, sick).await;
    leave(&it, [NewTask::now("note", sick, &"a")]).await;
    for _ in 0..20 {
        sqlx::query("update tasks set lease_until = '-infinity' where state = 'waiting'")
            .execute(it.pool())
            .await
            .unwrap();
        it.try_tasks().await;
    }
    let (state, error): (String, String) = sqlx::query_as("select state, last_error from tasks")
        .fetch_one(it.pool())
        .await
        .unwrap();
    assert_eq!((state.as_str(), error.as_str()), ("parked", "poison"));
}

#[tokio::test]
async fn a_task_whose_peer_is_away_waits_for_it_and_for_no_person() {
    let it = Running::<Toy>::start_with("tasks.attempts = 2").await;
    let about = fresh_uuid();
    sqlx::query("insert into poison values ($1, true)")
        .bind(about)
        .execute(it.pool())
        .await
        .unwrap();
    leave(&it, [NewTask::now("note", about, &"a")]).await;
    for _ in 0..5 {
        it.hurry().await;
        it.try_tasks().await;
    }
    assert!(notes(&it, about).await.is_empty());
    sqlx::query("delete from poison")
        .execute(it.pool())
        .await
        .unwrap();
    it.settle().await;
    assert_eq!(notes(&it, about).await, ["a"]);
}

#[tokio::test]
async fn a_timer_waits_for_business_time_and_holds_nothing_up() {
    let it = Running::<Toy>::start().await;
    let about = fresh_uuid();
    let tomorrow = it.clock().now() + chrono::Duration::days(1);
    leave(
        &it,
        [
            NewTask::at("note", about, tomorrow, &"tomorrow"),
            NewTask::now("note", about, &"today"),
        ],
    )
    .await;
    it.settle().await;
    assert_eq!(notes(&it, about).await, ["today"]);
    it.advance(Duration::from_hours(25));
    it.settle().await;
    assert_eq!(notes(&it, about).await, ["today", "tomorrow"]);
}

#[tokio::test]
async fn what_may_be_left_once_is_left_once() {
    let it = Running::<Toy>::start().await;
    let about = fresh_uuid();
    leave(
        &it,
        [
            NewTask::now("note", about, &"one").once("key"),
            NewTask::now("note", about, &"two").once("key"),
        ],
    )
    .await;
    it.settle().await;
    assert_eq!(notes(&it, about).await, ["one"]);
}

#[tokio::test]
async fn a_worker_whose_lease_went_to_another_writes_nothing() {
    let it = Running::<Toy>::start().await;
    let about = fresh_uuid();
    leave(&it, [NewTask::now("slow_note", about, &"once")]).await;
    it.settle().await; // the first try loses its lease, the second ends the task
    assert_eq!(notes(&it, about).await, ["once"]);
}
