//! Facts that wait for a person: none is kept that was applied, and what
//! platform itself learns of members is learned on the release too.

use std::time::Duration;

use kernel::{PersonId, StudioId, fresh_uuid};
use platform::Service as _;
use proto::Event as _;
use proto::studio::feed::v1::{Event, PullEventsRequest, PullEventsResponse};
use proto::studio::members::v1::members_event::Fact;
use proto::studio::members::v1::{MemberErased, MembersEvent, Node, NodeKind, OrganisationNodeChanged};
use proto::studio::payments::v1::PaymentsEvent;
use testkit::Running;
use testkit::made_up::MadeUp;
use uuid::Uuid;

use crate::pair::Pair;
use crate::toy::Toy;

/// As a try leaves it that gave up.
async fn parked(it: &Running<Toy>, source: &str, fact: &Event) {
    applied(it, source, fact).await;
    sqlx::query(
        "insert into parked_events (source, seq, event_id, aggregate, type, event, error)
         values ($1, $2, $3::uuid, $4::uuid, $5, $6, 'poison')",
    )
    .bind(source)
    .bind(fact.seq)
    .bind(&fact.event_id)
    .bind(&fact.aggregate)
    .bind(&fact.r#type)
    .bind(prost::Message::encode_to_vec(fact))
    .execute(it.pool())
    .await
    .unwrap();
}

/// As another process leaves it that was faster.
async fn applied(it: &Running<Toy>, source: &str, fact: &Event) {
    sqlx::query("insert into inbox (source, event_id, seq) values ($1, $2::uuid, $3)")
        .bind(source)
        .bind(&fact.event_id)
        .bind(fact.seq)
        .execute(it.pool())
        .await
        .unwrap();
}

async fn release(it: &Running<Toy>, source: &str, aggregate: Uuid) -> usize {
    let subscriptions = Toy::subscriptions();
    let subscription = subscriptions.iter().find(|s| s.source == source).unwrap();
    subscription.release(it.app(), aggregate).await.unwrap()
}

#[tokio::test]
async fn a_fact_that_meets_an_outage_waits_for_its_end_and_for_no_person() {
    let it = Pair::start().await;
    let about = it.news().await;
    let hand = it.toy.pool();
    sqlx::query("insert into poison values ($1, true)")
        .bind(about)
        .execute(hand)
        .await
        .unwrap();
    let over = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sqlx::query("delete from poison").execute(hand).await.unwrap();
    };
    let (flowed, ()) = tokio::join!(it.flow(), over);
    flowed.unwrap();
    assert_eq!(it.applied().await, [about]);
    assert_eq!(it.cursor().await.parked, 0);
}

#[tokio::test]
async fn a_fact_that_contradicts_what_is_there_keeps_others_waiting_no_longer_than_it_must() {
    let it = Pair::start_with_attempts(1_000_000).await;
    let (bad, good) = (it.news().await, it.news().await);
    sqlx::query("insert into poison values ($1, null)")
        .bind(bad)
        .execute(it.toy.pool())
        .await
        .unwrap();
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, [good]);
    assert_eq!(it.cursor().await.parked, 1);
}

#[tokio::test]
async fn facts_that_wait_share_transactions_until_one_of_them_fails() {
    let it = Pair::start().await;
    let mut good = it.many(25).await;
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, good);
    assert_eq!(transactions(&it).await, 2, "twenty and five");

    good.push(it.news().await);
    let bad = it.news().await;
    good.push(it.news().await);
    sqlx::query("insert into poison values ($1, null)")
        .bind(bad)
        .execute(it.toy.pool())
        .await
        .unwrap();
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, good);
    assert_eq!(it.cursor().await.parked, 1);
    assert_eq!(transactions(&it).await, 5, "each of the three alone");
}

async fn transactions(it: &Pair) -> i64 {
    sqlx::query_scalar("select count(distinct xmin::text) from inbox")
        .fetch_one(it.toy.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_fact_that_was_applied_is_not_parked_behind_others_and_the_cursor_passes_it() {
    let about = fresh_uuid();
    let fact = |seq| Event {
        seq,
        event_id: fresh_uuid().to_string(),
        r#type: PaymentsEvent::default().kind().to_owned(),
        aggregate: about.to_string(),
        version: seq,
        occurred_at: Some(prost_types::Timestamp::default()),
        traceparent: String::new(),
        payload: Vec::new(),
    };
    let (first, second) = (fact(1), fact(2));
    let feed = [first.clone(), second.clone()];
    let payments = MadeUp::new()
        .on(move |ask: PullEventsRequest| {
            let events = feed.iter().filter(|e| e.seq > ask.after_seq).cloned().collect();
            Ok(PullEventsResponse {
                events,
                head_seq: 2,
                oldest_age_ms: 0,
            })
        })
        .serve()
        .await;
    let it = Running::<Toy>::start_with(&format!("peers.payments = '{}'", payments.address)).await;
    parked(&it, "payments", &first).await;
    applied(&it, "payments", &second).await;

    let subscriptions = Toy::subscriptions();
    let payments = subscriptions.iter().find(|s| s.source == "payments").unwrap();
    payments.pull_once(it.app(), 0).await.unwrap();
    let waiting: Vec<i64> = sqlx::query_scalar("select seq from parked_events")
        .fetch_all(it.pool())
        .await
        .unwrap();
    let cursor: i64 = sqlx::query_scalar("select seq from cursors where source = 'payments'")
        .fetch_one(it.pool())
        .await
        .unwrap();
    assert_eq!((waiting, cursor), (vec![1], 2));
    assert_eq!(release(&it, "payments", about).await, 1);
    let notes: Vec<String> = sqlx::query_scalar("select text from notes")
        .fetch_all(it.pool())
        .await
        .unwrap();
    assert_eq!(notes, ["fact 1"], "the second was applied before");
}

#[tokio::test]
async fn a_studio_whose_fact_was_parked_is_known_once_it_is_released() {
    let it = Running::<Toy>::start().await;
    let studio = StudioId::fresh();
    let node = Node {
        node_id: studio.to_string(),
        parent_id: testkit::chain().beijing.to_string(),
        kind: NodeKind::Studio.into(),
        code: "BJ-XC".to_owned(),
        name: "西城馆".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        closed: false,
        version: 1,
    };
    let event = MembersEvent {
        fact: Some(Fact::OrganisationNodeChanged(OrganisationNodeChanged {
            node: Some(node),
        })),
    };
    parked(&it, "members", &it.fact(1, studio, 1, &event)).await;
    assert_eq!(release(&it, "members", studio.0).await, 1);
    it.app().organisation().refresh(it.app()).await.unwrap();
    assert_eq!(it.app().organisation().studio(studio).unwrap().code, "BJ-XC");
}

#[tokio::test]
async fn a_person_whose_erasing_was_parked_is_erased_once_it_is_released() {
    let it = Running::<Toy>::start().await;
    let person = PersonId::fresh();
    let mut conn = it.pool().acquire().await.unwrap();
    let vault = it.app().vault();
    let sealed = vault.seal(&mut conn, person, "c", "secret").await.unwrap();
    let event = MembersEvent {
        fact: Some(Fact::MemberErased(MemberErased {
            person_id: person.to_string(),
        })),
    };
    parked(&it, "members", &it.fact(1, person, 1, &event)).await;
    assert_eq!(release(&it, "members", person.0).await, 1);
    assert_eq!(vault.open(&mut conn, person, "c", &sealed).await.unwrap(), None);
}
