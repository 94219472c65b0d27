use std::collections::BTreeSet;

use kernel::fresh_uuid;
use platform::{Claim, Fact, checks};
use proto::studio::access::v1::Role;
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::check_service_client::CheckServiceClient;
use proto::studio::orders::v1::OrdersEvent;
use proto::studio::payments::v1::PaymentsEvent;
use testkit::{At, Door, Running};
use tonic::Code;
use uuid::Uuid;

use crate::toy::{Toy, act, command, done, staff};

fn door(it: &Running<Toy>) -> CheckServiceClient<Door> {
    CheckServiceClient::new(it.as_staff(Role::Operations, At::Everywhere))
}

async fn publish(it: &Running<Toy>, aggregate: Uuid, version: i64) {
    let Claim::Fresh(mut tx) = it.app().claim(&staff(&[]), &command("x")).await.unwrap() else {
        panic!("claimed before")
    };
    let fact = Fact::new(aggregate, version, OrdersEvent::default());
    tx.publish(fact).await.unwrap();
    done(tx).await.unwrap();
}

/// A service that published, took facts and did work.
async fn busy() -> Running<Toy> {
    let it = Running::<Toy>::start().await;
    let aggregate = fresh_uuid();
    for version in 1..=5 {
        publish(&it, aggregate, version).await;
        it.hear(fresh_uuid(), 1, &PaymentsEvent::default()).await.unwrap();
    }
    act(it.app(), &staff(&[]), &command("with a task")).await.unwrap();
    it.settle().await;
    it.plant(testkit::ONE_BY_ONE).await;
    it
}

/// A way to break each check that every service has. They pile up.
const PLANTED: [(&str, &str); 9] = [
    (
        "tasks_overdue",
        "update tasks set state = 'waiting', done_at = null, due_at = now() - interval '2 minutes',
                          created_at = now() - interval '2 minutes'",
    ),
    (
        "tasks_parked",
        "update tasks set state = 'parked', done_at = null",
    ),
    (
        "facts_numbered",
        "update outbox set recorded_at = now() - interval '2 minutes'; delete from feed_runs where first_seq = 5",
    ),
    ("feed_dense", "delete from feed_runs where first_seq = 3"),
    ("inbox_complete", "delete from inbox where seq = 3"),
    (
        "facts_parked",
        "insert into parked_events select source, seq, event_id, event_id, 'x', '', 'poison' from inbox where seq = 1",
    ),
    ("streams_diverged", "update cursors set state = 'diverged'"),
    (
        "versions_grow",
        "update outbox set version = 9 where id = (select min(id) from outbox)",
    ),
    (
        "writes_audited",
        "delete from audit where audit_id = (select min(audit_id) from audit)",
    ),
];

#[tokio::test]
async fn a_service_at_rest_breaks_nothing_and_every_check_names_what_it_is_for() {
    let it = busy().await;
    assert_eq!(it.violations().await, Vec::<String>::new());
    let checked: BTreeSet<&str> = checks::all::<Toy>().iter().map(|check| check.name).collect();
    assert_eq!(checked, PLANTED.iter().map(|(name, _)| *name).collect());
    for (name, sql) in PLANTED {
        it.plant(sql).await;
        let found = it.violations().await;
        let named = |line: &String| line.split(' ').nth(1) == Some(name);
        assert!(found.iter().any(named), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn a_claim_that_was_left_open_is_named() {
    let it = busy().await;
    it.plant("update claims set outcome = 'open', reply = null where rpc like '%Freeze%'")
        .await;
    assert!(
        it.violations()
            .await
            .iter()
            .any(|line| line.starts_with("I9 writes_audited"))
    );
}

#[tokio::test]
async fn an_inbox_that_skips_doubles_or_lacks_its_cursor_is_named() {
    let it = busy().await;
    it.plant("create table kept as select * from inbox; create table kept_cursors as select * from cursors")
        .await;
    for sql in [
        "update inbox set seq = 4 where seq = 3",
        "update cursors set seq = 6",
        "update cursors set seq = 4",
        "delete from cursors",
        "delete from inbox",
    ] {
        it.plant(sql).await;
        let found = it.violations().await;
        let named = |line: &String| line.starts_with("I5 inbox_complete payments");
        assert!(found.iter().any(named), "{sql}: {found:?}");
        it.plant("delete from inbox; delete from cursors").await;
        it.plant("insert into inbox select * from kept; insert into cursors select * from kept_cursors")
            .await;
    }
    assert_eq!(it.violations().await, Vec::<String>::new());
}

#[tokio::test]
async fn operations_run_the_checks_and_nobody_else_does() {
    let it = busy().await;
    it.plant("delete from feed_runs where first_seq = 3").await;
    let request = pb::RunChecksRequest { patience_s: 0 };
    let reply = door(&it).run_checks(request).await.unwrap().into_inner();
    assert_eq!(reply.sources, ["payments", "members"]);
    assert_eq!(reply.results.len(), checks::all::<Toy>().len());
    let dense = reply
        .results
        .iter()
        .find(|result| result.check == "feed_dense")
        .unwrap();
    assert_eq!(
        (dense.invariant(), dense.violations),
        (pb::Invariant::FactsOnce, 1)
    );
    assert_eq!(dense.findings[0].key, "4");
    for (who, code) in [
        (
            it.as_staff(Role::OperatorAdmin, At::Everywhere),
            Code::PermissionDenied,
        ),
        (it.as_service("orders"), Code::PermissionDenied),
        (it.anonymous(), Code::Unauthenticated),
    ] {
        let refused = CheckServiceClient::new(who)
            .run_checks(request)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), code);
    }
}

#[tokio::test]
async fn the_daily_checks_keep_what_they_found_and_come_again_in_a_day() {
    let it = busy().await;
    it.app().schedule_checks().await.unwrap();
    it.app().schedule_checks().await.unwrap();
    it.plant("delete from feed_runs where first_seq in (2, 4)").await;
    it.settle().await;
    let broken = "select violations from check_results where invariant = 'I5' and name = 'feed_dense'";
    let kept = || async {
        sqlx::query_scalar::<_, i64>(broken)
            .fetch_one(it.pool())
            .await
            .unwrap()
    };
    assert_eq!(kept().await, 2);
    it.plant("insert into check_results values ('I1', 'gone', 7, 7, now()); update feed_runs set first_seq = first_seq - 1 where first_seq = 5; update feed_runs set first_seq = first_seq - 1 where first_seq = 3; update feed_runs set first_seq = 3 where first_seq = 4").await;
    it.advance(std::time::Duration::from_hours(25));
    it.settle().await;
    assert_eq!(kept().await, 0, "mended meanwhile");
    let (results, tasks): (i64, i64) = sqlx::query_as(
        "select (select count(*) from check_results), (select count(*) from tasks where kind = 'run_checks')",
    )
    .fetch_one(it.pool())
    .await
    .unwrap();
    assert_eq!(
        (results, tasks),
        (checks::all::<Toy>().len().try_into().unwrap(), 1)
    );
}

async fn digest(
    it: &Running<Toy>,
    source: &str,
    first_seq: i64,
    last_seq: i64,
    parts: i32,
) -> pb::DigestFactsResponse {
    let request = pb::DigestFactsRequest {
        source: source.to_owned(),
        first_seq,
        last_seq,
        parts,
    };
    door(it).digest_facts(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_digest_changes_with_every_fact_of_its_range_and_with_no_other() {
    let it = busy().await;
    for (source, sql) in [
        (
            "",
            "update outbox set event_id = gen_random_uuid() where id = (select outbox_id from feed where seq = 2)",
        ),
        (
            "payments",
            "update inbox set event_id = gen_random_uuid() where seq = 2",
        ),
    ] {
        let before = digest(&it, source, 0, 0, 5).await;
        assert_eq!(
            (before.lowest_seq, before.highest_seq, before.parts.len()),
            (1, 5, 5)
        );
        assert!(before.parts.iter().all(|part| part.facts == 1));
        it.plant(sql).await;
        let after = digest(&it, source, 0, 0, 5).await;
        let parts = before.parts.iter().zip(&after.parts);
        let differ: Vec<i64> = parts.filter(|(a, b)| a != b).map(|(a, _)| a.first_seq).collect();
        assert_eq!(differ, [2]);
    }
    let before = digest(&it, "payments", 4, 5, 1).await;
    it.plant("update inbox set seq = 9 - seq where seq in (4, 5)")
        .await;
    let after = digest(&it, "payments", 4, 5, 1).await;
    assert_ne!(before, after, "two facts changed places");
}

#[tokio::test]
async fn acts_are_found_by_their_request_with_audit_and_reply() {
    let it = busy().await;
    let request = command("found again");
    let reply = act(it.app(), &staff(&[]), &request).await.unwrap();
    let asked = vec![request.request_id.clone(), fresh_uuid().to_string()];
    let find = || async {
        let request = pb::FindActsRequest {
            request_ids: asked.clone(),
        };
        door(&it).find_acts(request).await.unwrap().into_inner().acts
    };
    let acts = find().await;
    assert_eq!(acts.len(), 1);
    assert_eq!((acts[0].audited, acts[0].refused), (1, false));
    let digest: String = sqlx::query_scalar("select encode(sha256($1), 'hex')")
        .bind(prost::Message::encode_to_vec(&reply))
        .fetch_one(it.pool())
        .await
        .unwrap();
    assert_eq!(acts[0].reply_digest, digest);
    it.plant("delete from audit").await;
    assert_eq!(find().await[0].audited, 0);
}

#[tokio::test]
async fn a_list_that_a_service_does_not_have_is_not_found() {
    let it = Running::<Toy>::start().await;
    let request = pb::ListTalliesRequest {
        kind: "nothing".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        door(&it).list_tallies(request).await.unwrap_err().code(),
        Code::NotFound
    );
}
