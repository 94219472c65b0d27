use std::time::Duration;

use proto::studio::operations::v1 as ops;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::pair::{Pair, colleague, expired, operations, propose, resume, tell};

fn reason(status: &tonic::Status) -> String {
    let details = status.get_error_details();
    details.error_info().map(|i| i.reason.clone()).unwrap_or_default()
}

async fn poison(it: &Pair, about: Uuid) {
    sqlx::query("insert into poison values ($1)")
        .bind(about)
        .execute(it.toy.pool())
        .await
        .unwrap();
}

/// Rows of the inbox that count as applied.
async fn counted(it: &Pair) -> i64 {
    sqlx::query_scalar("select count(*) from inbox where divergence_id is null")
        .fetch_one(it.toy.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn facts_that_nobody_had_read_may_be_lost_without_a_word() {
    let it = Pair::start().await;
    let kept = it.many(3).await;
    it.flow().await.unwrap();
    it.many(2).await;
    it.cut_after(3).await;
    let new = it.news().await;
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, [kept, vec![new]].concat());
    assert!(it.divergences().await.is_empty());
}

#[tokio::test]
async fn a_lost_tail_is_found_before_any_effect_and_two_persons_let_the_stream_go_on() {
    let it = Pair::start().await;
    let old = it.many(6).await;
    it.flow().await.unwrap();
    it.cut_after(4).await;
    // The head lies below the cursor; later another fact stands at its place.
    it.flow().await.unwrap_err();
    let new = it.many(5).await;
    for _ in 0..3 {
        it.flow().await.unwrap_err();
    }
    assert_eq!(
        it.applied().await,
        old,
        "nothing of the new history has an effect"
    );

    let open = it.open().await;
    assert_eq!(
        (open.cursor_seq, open.common_seq, open.orphans, open.state()),
        (6, 4, 2, ops::DivergenceState::Open)
    );
    let request = ops::GetDivergenceRequest {
        divergence_id: open.divergence_id.clone(),
        ..Default::default()
    };
    let shown = operations(&it.toy)
        .get_divergence(request)
        .await
        .unwrap()
        .into_inner();
    let lost: Vec<_> = shown
        .orphans
        .iter()
        .map(|o| (o.aggregate.clone(), o.r#type.as_str()))
        .collect();
    let wanted: Vec<_> = old[4..]
        .iter()
        .map(|id| (id.to_string(), "attempt_opened"))
        .collect();
    assert_eq!(lost, wanted);

    let early = operations(&it.toy).resume_feed(resume(&open)).await.unwrap_err();
    assert_eq!(reason(&early), "WRONG_STATE");
    let proposed = operations(&it.toy)
        .propose_resumption(propose(&open))
        .await
        .unwrap();
    let proposed = proposed.into_inner().divergence.unwrap();
    assert!(!proposed.owner_person_id.is_empty());
    let alone = operations(&it.toy)
        .resume_feed(resume(&proposed))
        .await
        .unwrap_err();
    assert_eq!(
        (alone.code(), reason(&alone).as_str()),
        (Code::PermissionDenied, "SAME_PERSON")
    );
    let stale = colleague(&it.toy).resume_feed(resume(&open)).await.unwrap_err();
    assert_eq!(reason(&stale), "VERSION_CONFLICT");
    it.flow().await.unwrap_err();
    assert_eq!(it.applied().await, old);

    let request = resume(&proposed);
    let mut second = colleague(&it.toy);
    let over = second.resume_feed(request.clone()).await.unwrap().into_inner();
    assert_eq!(second.resume_feed(request).await.unwrap().into_inner(), over);
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, [old, new].concat());
    assert_eq!(
        counted(&it).await,
        4 + 5,
        "what was lost stays, and is not counted"
    );
    let over = it.divergences().await.remove(0);
    assert_eq!((over.state(), over.orphans), (ops::DivergenceState::Resumed, 2));
    let late = colleague(&it.toy).resume_feed(resume(&over)).await.unwrap_err();
    assert_eq!(reason(&late), "WRONG_STATE");
}

#[tokio::test]
async fn facts_that_only_got_other_numbers_are_applied_once_and_the_stream_goes_on_by_itself() {
    let it = Pair::start().await;
    let facts = it.many(5).await;
    it.flow().await.unwrap();
    // The numbers are lost and the facts are not: another one comes between.
    it.numbers_one_by_one().await;
    sqlx::raw_sql(
        "delete from feed_runs where first_seq > 3;
         insert into outbox (event_id, type, aggregate, version, occurred_at, payload)
         overriding system value
         select gen_random_uuid(), type, gen_random_uuid(), 1, occurred_at, payload from outbox limit 1;
         insert into feed_runs select 4, max(id), 1 from outbox;
         update feed_head set low_water = 0",
    )
    .execute(it.source.pool())
    .await
    .unwrap();
    it.source.settle().await;
    it.flow().await.unwrap();
    let applied = it.applied().await;
    assert_eq!((applied.len(), &applied[..5]), (6, &facts[..]));
    let over = it.divergences().await.remove(0);
    assert_eq!(
        (over.state(), over.common_seq, over.orphans),
        (ops::DivergenceState::Healed, 3, 0)
    );
    let positions: Vec<i64> = sqlx::query_scalar("select seq from inbox order by seq")
        .fetch_all(it.toy.pool())
        .await
        .unwrap();
    assert_eq!(positions, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn lost_facts_that_were_parked_had_no_effect_and_are_dropped() {
    let it = Pair::start().await;
    let kept = it.many(2).await;
    let sick = it.news().await;
    poison(&it, sick).await;
    tell(&it.source, sick, 2, expired()).await;
    it.flow().await.unwrap();
    assert_eq!(it.cursor().await.parked, 2);
    it.cut_after(2).await;
    let new = it.news().await;
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, [kept, vec![new]].concat());
    assert_eq!(it.cursor().await.parked, 0);
    let over = it.divergences().await.remove(0);
    assert_eq!((over.state(), over.parked), (ops::DivergenceState::Healed, 2));
}

#[tokio::test]
async fn a_history_that_comes_back_closes_the_divergence_and_what_was_proposed() {
    let it = Pair::start().await;
    let old = it.many(4).await;
    it.flow().await.unwrap();
    it.numbers_one_by_one().await;
    sqlx::raw_sql("create table kept as table outbox; create table kept_feed as table feed_runs")
        .execute(it.source.pool())
        .await
        .unwrap();
    it.cut_after(2).await;
    it.flow().await.unwrap_err();
    let open = it.open().await;
    let proposed = operations(&it.toy)
        .propose_resumption(propose(&open))
        .await
        .unwrap();
    let proposed = proposed.into_inner().divergence.unwrap();
    sqlx::raw_sql(
        "insert into outbox overriding system value select * from kept where id not in (select id from outbox);
         insert into feed_runs select * from kept_feed where first_seq not in (select seq from feed)",
    )
    .execute(it.source.pool())
    .await
    .unwrap();
    let new = it.news().await;
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, [old, vec![new]].concat());
    assert_eq!(counted(&it).await, 5);
    assert_eq!(it.divergences().await[0].state(), ops::DivergenceState::Healed);
    let late = colleague(&it.toy)
        .resume_feed(resume(&proposed))
        .await
        .unwrap_err();
    assert_eq!(reason(&late), "VERSION_CONFLICT");
}

#[tokio::test]
async fn a_proposal_falls_when_more_is_lost_than_it_was_about() {
    let it = Pair::start().await;
    it.many(5).await;
    it.flow().await.unwrap();
    it.cut_after(4).await;
    it.flow().await.unwrap_err();
    let proposed = operations(&it.toy)
        .propose_resumption(propose(&it.open().await))
        .await
        .unwrap();
    let proposed = proposed.into_inner().divergence.unwrap();
    it.cut_after(2).await;
    it.flow().await.unwrap_err();
    let open = it.open().await;
    assert_eq!(
        (open.common_seq, open.orphans, open.state()),
        (2, 3, ops::DivergenceState::Open)
    );
    let stale = colleague(&it.toy)
        .resume_feed(resume(&proposed))
        .await
        .unwrap_err();
    assert_eq!(reason(&stale), "VERSION_CONFLICT");
}

#[tokio::test]
async fn a_source_that_lost_everything_is_followed_from_its_first_fact_after_the_decision() {
    let it = Pair::start().await;
    let old = it.many(3).await;
    it.flow().await.unwrap();
    it.cut_after(0).await;
    let new = it.many(2).await;
    it.flow().await.unwrap_err();
    let open = it.open().await;
    assert_eq!((open.common_seq, open.orphans), (0, 3));
    let proposed = operations(&it.toy)
        .propose_resumption(propose(&open))
        .await
        .unwrap();
    let proposed = proposed.into_inner().divergence.unwrap();
    colleague(&it.toy).resume_feed(resume(&proposed)).await.unwrap();
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, [old, new].concat());
}

#[tokio::test]
async fn the_last_common_position_of_a_long_history_is_found() {
    let it = Pair::start().await;
    // Numbers by the thousand, written at once on both sides as if they had travelled.
    let facts = "insert into outbox (event_id, type, aggregate, version, occurred_at, payload)
                 select gen_random_uuid(), 'attempt_opened', gen_random_uuid(), 1, now(), '' from generate_series(1, 70000)";
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "{facts}; insert into feed_runs select row_number() over (order by id), id, 1 from outbox"
    )))
    .execute(it.source.pool())
    .await
    .unwrap();
    let rows: Vec<(i64, Uuid)> = sqlx::query_as(
        "select f.seq, o.event_id from feed f join outbox o on o.id = f.outbox_id order by f.seq",
    )
    .fetch_all(it.source.pool())
    .await
    .unwrap();
    let (seqs, ids): (Vec<i64>, Vec<Uuid>) = rows.into_iter().unzip();
    sqlx::query("insert into inbox (source, event_id, seq) select 'payments', * from unnest($1::uuid[], $2::bigint[])")
        .bind(&ids)
        .bind(&seqs)
        .execute(it.toy.pool())
        .await
        .unwrap();
    sqlx::query("insert into cursors (source, seq, event_id) values ('payments', 70000, $1)")
        .bind(ids[69_999].to_string())
        .execute(it.toy.pool())
        .await
        .unwrap();
    it.cut_after(68_431).await;
    it.many(3).await;
    it.flow().await.unwrap_err();
    let open = it.open().await;
    assert_eq!((open.common_seq, open.orphans), (68_431, 70_000 - 68_431));
}

#[tokio::test]
async fn a_fact_at_two_places_stops_the_stream_and_what_was_missed_is_applied() {
    let it = Pair::start().await;
    let facts = it.many(3).await;
    it.flow().await.unwrap();
    // Somebody swaps a fact that was read with one that was not: the fact at
    // the cursor is the same, and the handshake alone would notice nothing.
    let missed = it.news().await;
    it.numbers_one_by_one().await;
    sqlx::raw_sql(
        "update feed_runs set first_seq = first_seq + 100 where first_seq in (2, 4);
         update feed_runs set first_seq = 106 - first_seq where first_seq > 100",
    )
    .execute(it.source.pool())
    .await
    .unwrap();
    it.flow().await.unwrap();
    let over = it.divergences().await.remove(0);
    assert_eq!((over.state(), over.common_seq), (ops::DivergenceState::Healed, 1));
    let mut applied = it.applied().await;
    applied.sort();
    let mut wanted = [facts, vec![missed]].concat();
    wanted.sort();
    assert_eq!(applied, wanted);
}

#[tokio::test]
async fn a_restored_subscriber_replays_by_itself() {
    let it = Pair::start().await;
    let before = it.many(3).await;
    it.flow().await.unwrap();
    sqlx::raw_sql(
        "create table kept_inbox as table inbox; create table kept_cursors as table cursors;
         create table kept_notes as table notes",
    )
    .execute(it.toy.pool())
    .await
    .unwrap();
    let after = it.many(4).await;
    it.flow().await.unwrap();
    sqlx::raw_sql(
        "set session_replication_role = replica;
         delete from inbox; insert into inbox select * from kept_inbox;
         delete from cursors; insert into cursors select * from kept_cursors;
         delete from notes; insert into notes overriding system value select * from kept_notes;
         set session_replication_role = origin",
    )
    .execute(it.toy.pool())
    .await
    .unwrap();
    assert_eq!(it.applied().await, before);
    it.flow().await.unwrap();
    assert_eq!(it.applied().await, [before, after].concat());
    assert!(it.divergences().await.is_empty());
}

#[tokio::test]
async fn facts_in_hand_are_not_applied_once_another_process_has_found_the_divergence() {
    let it = Pair::start().await;
    it.news().await;
    it.flow().await.unwrap();
    it.many(45).await;
    // The first facts wait for a lock and hold the cursor; behind them waits
    // whoever found the divergence; only then come the other facts in hand.
    let mut held = it.toy.pool().begin().await.unwrap();
    sqlx::query("lock table poison in access exclusive mode")
        .execute(&mut *held)
        .await
        .unwrap();
    let find = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let release = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            held.commit().await.unwrap();
        };
        futures::join!(it.find_divergence(), release).0
    };
    let (pulled, applied) = futures::join!(it.pull(), find);
    pulled.unwrap();
    assert!((2..46).contains(&applied), "{applied} facts were applied before");
    assert_eq!(it.applied().await.len(), applied, "none is applied afterwards");
    it.flow().await.unwrap();
    assert_eq!(it.applied().await.len(), 46);
}
