use kernel::fresh_uuid;
use platform::outbox::Gaps;
use platform::{Claim, Fact};
use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::feed::v1::{Event, PullEventsRequest, PullEventsResponse};
use proto::studio::orders::v1::OrdersEvent;
use proto::studio::payments::v1::PaymentsEvent;
use testkit::{Identity, Running};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::toy::{Toy, command, done, staff};

async fn publish(it: &Running<Toy>, aggregate: Uuid, version: i64) {
    let Claim::Fresh(mut tx) = it.app().claim(&staff(&[]), &command("x")).await.unwrap() else {
        panic!("claimed before")
    };
    tx.publish(Fact::new(aggregate, version, OrdersEvent::default()))
        .await
        .unwrap();
    done(tx).await.unwrap();
}

async fn pull(it: &Running<Toy>, after: Option<&Event>) -> Result<PullEventsResponse, Status> {
    let request = PullEventsRequest {
        after_seq: after.map_or(0, |e| e.seq),
        after_event_id: after.map(|e| e.event_id.clone()).unwrap_or_default(),
        max: 1000,
        wait_ms: 0,
    };
    let door = it.door(Identity::service("refunds"));
    FeedServiceClient::new(door)
        .pull_events(request)
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn facts_are_numbered_without_gaps_and_keep_the_order_of_their_aggregate() {
    let it = Running::<Toy>::start().await;
    let writers = (0..8).map(|_| async {
        let aggregate = fresh_uuid();
        for version in 1..=10 {
            publish(&it, aggregate, version).await;
        }
    });
    let (_, ()) = futures::join!(futures::future::join_all(writers), async {
        let mut gaps = Gaps::default();
        for _ in 0..40 {
            it.app().sequence_once(&mut gaps).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    it.settle().await;
    let events = pull(&it, None).await.unwrap().events;
    assert_eq!(
        events.iter().map(|e| e.seq).collect::<Vec<_>>(),
        (1..=80).collect::<Vec<i64>>()
    );
    let mut versions = std::collections::HashMap::new();
    for event in &events {
        let last = versions
            .insert(event.aggregate.clone(), event.version)
            .unwrap_or(0);
        assert_eq!(event.version, last + 1);
    }
}

#[tokio::test]
async fn a_fact_that_commits_late_is_not_passed_over() {
    let it = Running::<Toy>::start().await;
    let Claim::Fresh(mut late) = it.app().claim(&staff(&[]), &command("late")).await.unwrap() else {
        panic!("claimed before")
    };
    late.publish(Fact::new(fresh_uuid(), 1, OrdersEvent::default()))
        .await
        .unwrap();
    publish(&it, fresh_uuid(), 1).await;
    let mut gaps = Gaps::default();
    for _ in 0..3 {
        it.app().sequence_once(&mut gaps).await.unwrap();
    }
    done(late).await.unwrap();
    publish(&it, fresh_uuid(), 1).await;
    it.app().sequence_once(&mut gaps).await.unwrap();
    assert_eq!(pull(&it, None).await.unwrap().events.len(), 3);
}

#[tokio::test]
async fn a_fact_that_commits_while_a_round_is_under_way_is_not_passed_over() {
    let it = Running::<Toy>::start().await;
    let Claim::Fresh(mut late) = it.app().claim(&staff(&[]), &command("late")).await.unwrap() else {
        panic!("claimed before")
    };
    late.publish(Fact::new(fresh_uuid(), 1, OrdersEvent::default()))
        .await
        .unwrap();
    publish(&it, fresh_uuid(), 1).await;
    let mut gaps = Gaps::default();
    it.app().sequence_once(&mut gaps).await.unwrap();

    // A round now stops between reading the facts and moving the mark.
    let stop = "create function stop() returns trigger language plpgsql as \
                $$ begin perform pg_advisory_xact_lock(1); return null; end $$; \
                create trigger stop after insert on feed for each statement execute function stop()";
    sqlx::raw_sql(stop).execute(it.pool()).await.unwrap();
    let mut held = it.pool().begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(1)")
        .execute(&mut *held)
        .await
        .unwrap();
    publish(&it, fresh_uuid(), 1).await;
    let (round, ()) = futures::join!(it.app().sequence_once(&mut gaps), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        done(late).await.unwrap();
        held.commit().await.unwrap();
    });
    assert_eq!(round.unwrap(), 1);

    publish(&it, fresh_uuid(), 1).await;
    it.app().sequence_once(&mut gaps).await.unwrap();
    assert_eq!(pull(&it, None).await.unwrap().events.len(), 4);
}

#[tokio::test]
async fn a_number_that_was_rolled_back_is_passed_in_the_end() {
    let it = Running::<Toy>::start().await;
    let Claim::Fresh(mut lost) = it.app().claim(&staff(&[]), &command("lost")).await.unwrap() else {
        panic!("claimed before")
    };
    lost.publish(Fact::new(fresh_uuid(), 1, OrdersEvent::default()))
        .await
        .unwrap();
    drop(lost);
    let mut gaps = Gaps::default();
    for _ in 0..50 {
        publish(&it, fresh_uuid(), 1).await;
        it.app().sequence_once(&mut gaps).await.unwrap();
        let low_water: i64 = sqlx::query_scalar("select low_water from feed_head")
            .fetch_one(it.pool())
            .await
            .unwrap();
        if low_water > 2 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the low-water mark never passed the gap");
}

#[tokio::test]
async fn a_reader_whose_history_parted_is_told_and_gets_nothing() {
    let it = Running::<Toy>::start().await;
    publish(&it, fresh_uuid(), 1).await;
    publish(&it, fresh_uuid(), 1).await;
    it.settle().await;
    let mut events = pull(&it, None).await.unwrap().events;
    let mut last = events.pop().unwrap();
    last.event_id = fresh_uuid().to_string();
    let refused = pull(&it, Some(&last)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    last.seq = 99;
    assert_eq!(
        pull(&it, Some(&last)).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    assert!(pull(&it, events.first()).await.is_ok());
}

#[tokio::test]
async fn strangers_and_members_cannot_read_the_feed() {
    let it = Running::<Toy>::start().await;
    let ask = |identity| async {
        let request = PullEventsRequest {
            after_seq: 0,
            after_event_id: String::new(),
            max: 1,
            wait_ms: 0,
        };
        FeedServiceClient::new(it.door(identity))
            .pull_events(request)
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(ask(Identity::anonymous()).await, Code::Unauthenticated);
    assert_eq!(
        ask(Identity::member(kernel::PersonId::fresh())).await,
        Code::PermissionDenied
    );
}

async fn notes(it: &Running<Toy>, about: Uuid) -> Vec<String> {
    sqlx::query_scalar("select text from notes where about = $1 order by note_id")
        .bind(about)
        .fetch_all(it.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_fact_delivered_twice_is_applied_once() {
    let it = Running::<Toy>::start().await;
    let about = fresh_uuid();
    let fact = it.fact(1, about, 1, &PaymentsEvent::default());
    it.deliver("payments", &fact).await.unwrap();
    it.deliver("payments", &fact).await.unwrap();
    assert_eq!(notes(&it, about).await, ["fact 1"]);
}

#[tokio::test]
async fn a_fact_that_cannot_be_applied_leaves_nothing_behind() {
    let it = Running::<Toy>::start().await;
    let about = fresh_uuid();
    sqlx::query("insert into poison values ($1)")
        .bind(about)
        .execute(it.pool())
        .await
        .unwrap();
    let fact = it.fact(1, about, 1, &PaymentsEvent::default());
    assert!(it.deliver("payments", &fact).await.is_err());
    let cursor: Option<i64> = sqlx::query_scalar("select seq from cursors where source = 'payments'")
        .fetch_optional(it.pool())
        .await
        .unwrap();
    let inbox: i64 = sqlx::query_scalar("select count(*) from inbox")
        .fetch_one(it.pool())
        .await
        .unwrap();
    assert_eq!((cursor, inbox), (None, 0));
    sqlx::query("delete from poison")
        .execute(it.pool())
        .await
        .unwrap();
    it.deliver("payments", &fact).await.unwrap();
    assert_eq!(notes(&it, about).await, ["fact 1"]);
}
