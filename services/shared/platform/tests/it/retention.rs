use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::feed::v1::{ExportRequest, PullEventsRequest};
use proto::studio::operations::v1 as ops;
use testkit::{Identity, Running};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::pair::{Pair, Source, expired, follower, opened, operations, propose, resume, tell};

/// Everything published so far becomes so many days older.
async fn age(source: &Running<Source>, days: i32) {
    sqlx::query("update outbox set recorded_at = recorded_at - make_interval(days => $1)")
        .bind(days)
        .execute(source.pool())
        .await
        .unwrap();
}

async fn sweep(source: &Running<Source>) {
    while source.app().sweep_once().await.unwrap() > 0 {}
}

async fn kept(source: &Running<Source>) -> Vec<i64> {
    sqlx::query_scalar("select seq from feed order by seq")
        .fetch_all(source.pool())
        .await
        .unwrap()
}

/// Pulls as a service; answers with positions.
async fn pull(source: &Running<Source>, who: &str, seq: i64, event_id: &str) -> Result<Vec<i64>, Status> {
    let request = PullEventsRequest {
        after_seq: seq,
        after_event_id: event_id.to_owned(),
        max: 1000,
        wait_ms: 0,
    };
    let reply = FeedServiceClient::new(source.door(Identity::service(who)))
        .pull_events(request)
        .await?;
    Ok(reply.into_inner().events.iter().map(|e| e.seq).collect())
}

fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().map(|i| i.reason.clone()).unwrap_or_default()
}

async fn id_at(source: &Running<Source>, seq: i64) -> String {
    let id: Uuid = sqlx::query_scalar(
        "select o.event_id from feed f join outbox o on o.id = f.outbox_id where seq = $1",
    )
    .bind(seq)
    .fetch_one(source.pool())
    .await
    .unwrap();
    id.to_string()
}

async fn publish(source: &Running<Source>, n: usize) {
    for _ in 0..n {
        tell(source, kernel::fresh_uuid(), 1, opened()).await;
    }
}

#[tokio::test]
async fn old_facts_go_and_young_ones_and_the_last_one_stay() {
    let source = Running::<Source>::start().await;
    publish(&source, 4).await;
    age(&source, 36).await;
    publish(&source, 3).await;
    sweep(&source).await;
    assert_eq!(kept(&source).await, [5, 6, 7]);
    age(&source, 36).await;
    sweep(&source).await;
    assert_eq!(kept(&source).await, [7]);
    publish(&source, 2).await;
    assert_eq!(kept(&source).await, [7, 8, 9], "numbers go on");
    let outbox: i64 = sqlx::query_scalar("select count(*) from outbox")
        .fetch_one(source.pool())
        .await
        .unwrap();
    assert_eq!(outbox, 3);
}

#[tokio::test]
async fn a_reader_right_at_the_pruned_end_is_still_compared_and_one_before_it_is_refused() {
    let source = Running::<Source>::start().await;
    publish(&source, 6).await;
    let (third, fourth) = (id_at(&source, 3).await, id_at(&source, 4).await);
    sqlx::query("update outbox set recorded_at = recorded_at - interval '36 days' where id in (select outbox_id from feed where seq <= 4)")
        .execute(source.pool())
        .await
        .unwrap();
    sweep(&source).await;
    assert_eq!(kept(&source).await, [5, 6]);
    assert_eq!(pull(&source, "refunds", 4, &fourth).await.unwrap(), [5, 6]);
    let parted = pull(&source, "orders", 4, &third).await.unwrap_err();
    assert_eq!(
        (parted.code(), reason(&parted).as_str()),
        (Code::FailedPrecondition, "FEED_DIVERGED")
    );
    for (seq, id) in [(3, third.as_str()), (0, "")] {
        let pruned = pull(&source, "orders", seq, id).await.unwrap_err();
        assert_eq!(
            (pruned.code(), reason(&pruned).as_str()),
            (Code::OutOfRange, "FEED_PRUNED")
        );
    }
}

#[tokio::test]
async fn nothing_goes_past_the_slowest_registered_consumer_until_it_is_forgotten() {
    let source = Running::<Source>::start().await;
    publish(&source, 8).await;
    let (second, sixth) = (id_at(&source, 2).await, id_at(&source, 6).await);
    pull(&source, "refunds", 6, &sixth).await.unwrap();
    pull(&source, "orders", 2, &second).await.unwrap();
    age(&source, 400).await;
    sweep(&source).await;
    assert_eq!(kept(&source).await, [3, 4, 5, 6, 7, 8]);
    let status = operations(&source)
        .get_feed_status(ops::GetFeedStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    let consumers: Vec<_> = status
        .consumers
        .iter()
        .map(|c| (c.service.as_str(), c.after_seq))
        .collect();
    assert_eq!(
        (consumers, status.pruned_seq),
        (vec![("orders", 2), ("refunds", 6)], 2)
    );

    let forget = |service: &str| ops::ForgetConsumerRequest {
        request_id: kernel::fresh_uuid().to_string(),
        service: service.to_owned(),
        reason: "it is not run any more".to_owned(),
    };
    let unknown = operations(&source)
        .forget_consumer(forget("wallet"))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    operations(&source)
        .forget_consumer(forget("orders"))
        .await
        .unwrap();
    let why: String = sqlx::query_scalar("select why from audit where decision = 'overridden'")
        .fetch_one(source.pool())
        .await
        .unwrap();
    assert!(
        why.contains("orders forgotten at 2: it is not run any more"),
        "{why}"
    );
    sweep(&source).await;
    assert_eq!(kept(&source).await, [7, 8]);
    assert_eq!(
        reason(&pull(&source, "orders", 2, &second).await.unwrap_err()),
        "FEED_PRUNED"
    );
    assert_eq!(pull(&source, "refunds", 6, &sixth).await.unwrap(), [7, 8]);
}

#[tokio::test]
async fn a_consumer_is_written_down_by_its_first_pull_and_not_by_each() {
    let source = Running::<Source>::start().await;
    publish(&source, 3).await;
    let (first, third) = (id_at(&source, 1).await, id_at(&source, 3).await);
    let written = || async {
        sqlx::query_as::<_, (String, i64)>("select service, after_seq from feed_consumers")
            .fetch_all(source.pool())
            .await
            .unwrap()
    };
    pull(&source, "orders", 1, &first).await.unwrap();
    pull(&source, "orders", 3, &third).await.unwrap();
    assert_eq!(written().await, [("orders".to_owned(), 1)]);
    pull(&source, "orders", 0, "").await.unwrap();
    assert_eq!(
        written().await,
        [("orders".to_owned(), 0)],
        "going back counts at once"
    );
    pull(&source, "wallet", 3, &first).await.unwrap_err();
    assert_eq!(written().await.len(), 1, "a refused one does not count");
}

#[tokio::test]
async fn a_new_subscriber_begins_with_the_export_and_goes_on_with_the_feed() {
    let source = Running::<Source>::start().await;
    let twice = kernel::fresh_uuid();
    tell(&source, twice, 1, opened()).await;
    tell(&source, twice, 2, opened()).await;
    tell(&source, twice, 3, expired()).await;
    publish(&source, 230).await;
    age(&source, 36).await;
    tell(&source, twice, 4, opened()).await;
    sweep(&source).await;
    assert_eq!(kept(&source).await, [234]);

    let toy = follower(&source).await;
    let it = Pair { source, toy };
    // FEED_PRUNED, then the first page; a process that is killed here goes on.
    assert!(it.pull().await.unwrap());
    assert!(it.pull().await.unwrap());
    assert_eq!(
        (it.cursor().await.state(), it.applied().await.len()),
        (ops::CursorState::Exporting, 200)
    );
    it.flow().await.unwrap();
    let applied = it.applied().await;
    assert_eq!(applied.len(), 230 + 2 + 1);
    let texts: Vec<String> = sqlx::query_scalar("select text from notes where about = $1 order by note_id")
        .bind(twice)
        .fetch_all(it.toy.pool())
        .await
        .unwrap();
    assert_eq!(
        texts,
        ["fact 2", "fact 3", "fact 4"],
        "the last fact of each type, then the feed"
    );
    let cursor = it.cursor().await;
    assert_eq!((cursor.state(), cursor.seq), (ops::CursorState::Running, 234));
    it.news().await;
    it.flow().await.unwrap();
    assert_eq!(it.applied().await.len(), 234);
    assert!(it.divergences().await.is_empty());
}

#[tokio::test]
async fn a_fact_that_is_replaced_between_two_pages_comes_under_its_later_position() {
    let source = Running::<Source>::start().await;
    let (one, other) = (kernel::fresh_uuid(), kernel::fresh_uuid());
    for (about, version) in [(one, 1), (other, 1)] {
        tell(&source, about, version, opened()).await;
    }
    publish(&source, 1).await;
    age(&source, 36).await;
    publish(&source, 1).await;
    sweep(&source).await;
    let page = |after_seq| {
        let mut feed = FeedServiceClient::new(source.door(Identity::service("orders")));
        async move {
            feed.export(ExportRequest { after_seq, max: 1 })
                .await
                .unwrap()
                .into_inner()
        }
    };
    let first = page(0).await;
    assert_eq!(
        (first.events[0].aggregate.clone(), first.complete),
        (one.to_string(), false)
    );
    tell(&source, other, 2, opened()).await;
    publish(&source, 1).await;
    age(&source, 36).await;
    sweep(&source).await;
    let (mut seen, mut after) = (Vec::new(), first.events[0].seq);
    loop {
        let next = page(after).await;
        seen.extend(next.events.iter().map(|e| (e.aggregate.clone(), e.version)));
        after = next.events.last().map_or(after, |e| e.seq);
        if next.complete {
            assert_eq!(next.next_seq, 5);
            break;
        }
    }
    assert!(
        seen.contains(&(other.to_string(), 2)) && !seen.contains(&(other.to_string(), 1)),
        "{seen:?}"
    );
    // The last page registered who asked: what follows it waits for them.
    publish(&source, 3).await;
    age(&source, 36).await;
    sweep(&source).await;
    assert_eq!(kept(&source).await.first(), Some(&6));
}

#[tokio::test]
async fn a_subscriber_that_was_forgotten_and_comes_back_waits_for_persons_and_takes_the_export() {
    let it = Pair::start().await;
    it.many(2).await;
    it.flow().await.unwrap();
    let missed = it.many(3).await;
    sqlx::query("delete from feed_consumers")
        .execute(it.source.pool())
        .await
        .unwrap();
    age(&it.source, 36).await;
    let young = it.news().await;
    sweep(&it.source).await;
    it.flow().await.unwrap_err();
    let open = it.open().await;
    assert_eq!(
        (open.kind(), open.orphans, open.common_seq),
        (ops::DivergenceKind::Pruned, 0, 2)
    );
    assert_eq!(it.applied().await.len(), 2);
    let proposed = operations(&it.toy)
        .propose_resumption(propose(&open))
        .await
        .unwrap();
    let proposed = proposed.into_inner().divergence.unwrap();
    crate::pair::colleague(&it.toy)
        .resume_feed(resume(&proposed))
        .await
        .unwrap();
    it.flow().await.unwrap();
    assert_eq!(it.applied().await[2..], [missed, vec![young]].concat());
}

#[tokio::test]
async fn what_was_applied_is_forgotten_in_the_end_but_not_of_a_quiet_source() {
    let it = Pair::start().await;
    it.many(3).await;
    it.flow().await.unwrap();
    let rows = "insert into inbox (source, event_id, seq, applied_at)
                select 'payments', gen_random_uuid(), s, now() - interval '71 days' from generate_series(4, 20000) s";
    sqlx::raw_sql(rows).execute(it.toy.pool()).await.unwrap();
    sqlx::raw_sql("update inbox set applied_at = now() - interval '71 days'; update cursors set seq = 20000")
        .execute(it.toy.pool())
        .await
        .unwrap();
    while it.toy.app().sweep_once().await.unwrap() > 0 {}
    let left: (i64, i64) = sqlx::query_as("select count(*), min(seq) from inbox")
        .fetch_one(it.toy.pool())
        .await
        .unwrap();
    assert_eq!(left, (10_001, 10_000));
}
