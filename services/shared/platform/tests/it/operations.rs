use kernel::fresh_uuid;
use platform::{Claim, NewTask};
use proto::studio::access::v1::Role;
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::operations_service_client::OperationsServiceClient;
use proto::studio::payments::v1::PaymentsEvent;
use testkit::{At, Door, Running};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::pair::{Pair, expired, opened, tell};
use crate::toy::{Toy, command, done, staff};

fn operations(it: &Running<Toy>) -> OperationsServiceClient<Door> {
    OperationsServiceClient::new(it.as_staff(Role::Operations, At::Everywhere))
}

fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

fn set_clock(offset_ms: i64) -> pb::SetClockRequest {
    pb::SetClockRequest {
        request_id: fresh_uuid().to_string(),
        offset_ms,
    }
}

#[tokio::test]
async fn the_clock_moves_for_operations_where_it_may_and_repeating_changes_nothing() {
    let it = Running::<Toy>::start_with("clock.movable = true").await;
    let request = set_clock(86_400_000);
    let first = operations(&it)
        .set_clock(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(it.clock().offset_ms(), 86_400_000);
    it.clock().set_offset_ms(5);
    assert_eq!(
        operations(&it).set_clock(request).await.unwrap().into_inner(),
        first
    );
    let clock = operations(&it)
        .get_clock(pb::GetClockRequest {})
        .await
        .unwrap()
        .into_inner()
        .clock
        .unwrap();
    assert!(clock.movable);
}

#[tokio::test]
async fn a_fixed_clock_stays() {
    let it = Running::<Toy>::start().await;
    let refused = operations(&it).set_clock(set_clock(1)).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "WRONG_STATE")
    );
    assert_eq!(it.clock().offset_ms(), 0);
}

#[tokio::test]
async fn nobody_but_operations_moves_the_clock_and_every_bad_field_is_named() {
    let it = Running::<Toy>::start_with("clock.movable = true").await;
    for (door, code) in [
        (
            it.as_staff(Role::OperatorAdmin, At::Everywhere),
            Code::PermissionDenied,
        ),
        (it.as_service("wallet"), Code::PermissionDenied),
        (it.anonymous(), Code::Unauthenticated),
    ] {
        assert_eq!(
            OperationsServiceClient::new(door)
                .set_clock(set_clock(1))
                .await
                .unwrap_err()
                .code(),
            code
        );
    }
    let bad = pb::SetClockRequest {
        request_id: "x".to_owned(),
        offset_ms: i64::MAX,
    };
    let refused = operations(&it).set_clock(bad).await.unwrap_err();
    let fields: Vec<String> = refused
        .get_error_details()
        .bad_request()
        .map(|bad| bad.field_violations.iter().map(|v| v.field.clone()).collect())
        .unwrap_or_default();
    assert_eq!(
        (refused.code(), fields),
        (
            Code::InvalidArgument,
            vec!["request_id".to_owned(), "offset_ms".to_owned()]
        )
    );
}

async fn leave(it: &Running<Toy>, about: Uuid, text: &str) {
    let Claim::Fresh(mut tx) = it.app().claim(&staff(&[]), &command("x")).await.unwrap() else {
        panic!("claimed before")
    };
    tx.task(NewTask::now("note", about, &text)).await.unwrap();
    done(tx).await.unwrap();
}

#[tokio::test]
async fn a_parked_task_is_listed_and_tried_again_when_a_person_says_so() {
    let it = Running::<Toy>::start_with("tasks.attempts = 1").await;
    let sick = fresh_uuid();
    sqlx::query("insert into poison values ($1)")
        .bind(sick)
        .execute(it.pool())
        .await
        .unwrap();
    leave(&it, sick, "a").await;
    it.try_tasks().await;
    let parked = pb::ListTasksRequest {
        state: pb::TaskState::Parked.into(),
        ..pb::ListTasksRequest::default()
    };
    let tasks = operations(&it)
        .list_tasks(parked)
        .await
        .unwrap()
        .into_inner()
        .tasks;
    let [task] = &tasks[..] else { panic!("{tasks:?}") };
    assert_eq!((task.kind.as_str(), task.last_error.as_str()), ("note", "poison"));

    sqlx::query("delete from poison")
        .execute(it.pool())
        .await
        .unwrap();
    let retry = pb::RetryTaskRequest {
        request_id: fresh_uuid().to_string(),
        task_id: task.task_id.clone(),
    };
    operations(&it).retry_task(retry).await.unwrap();
    it.settle().await;
    let again = pb::RetryTaskRequest {
        request_id: fresh_uuid().to_string(),
        task_id: task.task_id.clone(),
    };
    let refused = operations(&it).retry_task(again).await.unwrap_err();
    assert_eq!(reason(&refused), "WRONG_STATE");
}

#[tokio::test]
async fn a_task_that_nobody_left_is_not_found() {
    let it = Running::<Toy>::start().await;
    let retry = pb::RetryTaskRequest {
        request_id: fresh_uuid().to_string(),
        task_id: fresh_uuid().to_string(),
    };
    assert_eq!(
        operations(&it).retry_task(retry).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn tasks_come_in_pages_and_none_twice() {
    let it = Running::<Toy>::start().await;
    for n in 0..5 {
        leave(&it, fresh_uuid(), &n.to_string()).await;
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListTasksRequest {
            page_size: 2,
            page_token,
            ..pb::ListTasksRequest::default()
        };
        let page = operations(&it).list_tasks(request).await.unwrap().into_inner();
        seen.extend(page.tasks.into_iter().map(|task| task.task_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn parked_facts_are_listed_and_applied_when_a_person_releases_them() {
    let it = Running::<Toy>::start().await;
    let sick = fresh_uuid();
    let fact = it.fact(1, sick, 1, &PaymentsEvent::default());
    sqlx::query(
        "insert into parked_events (source, seq, event_id, aggregate, type, event, error)
         values ('payments', 1, $1, $2, 'payment_captured', $3, 'poison')",
    )
    .bind(fact.event_id.parse::<Uuid>().unwrap())
    .bind(sick)
    .bind(prost::Message::encode_to_vec(&fact))
    .execute(it.pool())
    .await
    .unwrap();
    let listed = operations(&it)
        .list_parked(pb::ListParkedRequest::default())
        .await
        .unwrap()
        .into_inner()
        .events;
    assert_eq!(
        listed
            .iter()
            .map(|e| (e.source.as_str(), e.error.as_str()))
            .collect::<Vec<_>>(),
        [("payments", "poison")]
    );

    let release = |source: &str| pb::ReleaseParkedRequest {
        request_id: fresh_uuid().to_string(),
        source: source.to_owned(),
        aggregate: sick.to_string(),
    };
    assert_eq!(
        operations(&it)
            .release_parked(release("wallet"))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    let request = release("payments");
    let reply = operations(&it)
        .release_parked(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.released, 1);
    assert_eq!(
        operations(&it)
            .release_parked(request)
            .await
            .unwrap()
            .into_inner(),
        reply
    );
    let status = operations(&it)
        .get_feed_status(pb::GetFeedStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert!(status.cursors.iter().all(|cursor| cursor.parked == 0));
}

#[tokio::test]
async fn a_parked_fact_is_shown_with_what_it_says_and_what_waits_behind_it() {
    let it = Pair::start().await;
    let sick = fresh_uuid();
    sqlx::query("insert into poison values ($1)")
        .bind(sick)
        .execute(it.toy.pool())
        .await
        .unwrap();
    tell(&it.source, sick, 1, opened()).await;
    tell(&it.source, sick, 2, expired()).await;
    it.flow().await.unwrap();
    let listed = operations(&it.toy)
        .list_parked(pb::ListParkedRequest::default())
        .await
        .unwrap()
        .into_inner()
        .events;
    let ask = |event_id: &str| pb::GetParkedRequest {
        source: "payments".to_owned(),
        event_id: event_id.to_owned(),
    };
    let shown = operations(&it.toy)
        .get_parked(ask(&listed[0].event_id))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((shown.version, shown.behind), (1, 1));
    assert_eq!(shown.event.as_ref(), Some(&listed[0]));
    assert_eq!(shown.fact_json, r#"{"attempt_opened":{}}"#);
    let unknown = operations(&it.toy)
        .get_parked(ask(&fresh_uuid().to_string()))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn processes_follow_a_clock_that_another_one_moved() {
    let it = Running::<Toy>::start_with("clock.movable = true").await;
    sqlx::query("insert into settings values ('clock_offset_ms', to_jsonb(1234))")
        .execute(it.pool())
        .await
        .unwrap();
    testkit::until("the clock is followed", async || it.clock().offset_ms() == 1234).await;
}
