use kernel::StudioId;
use platform::{Claim, Error, Refused};
use proto::studio::feed::v1::ErrorReason;
use testkit::Running;
use tonic::Code;

use crate::toy::{Toy, act, command, staff, write_note};

async fn notes(it: &Running<Toy>) -> i64 {
    sqlx::query_scalar("select count(*) from notes where text <> 'by task'")
        .fetch_one(it.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_act_asked_for_twice_happens_once_and_is_answered_alike() {
    let it = Running::<Toy>::start().await;
    let (caller, request) = (staff(&[]), command("once"));
    let first = act(it.app(), &caller, &request).await.unwrap();
    let second = act(it.app(), &caller, &request).await.unwrap();
    assert_eq!((first, notes(&it).await), (second, 1));
}

#[tokio::test]
async fn an_act_raced_against_itself_happens_once() {
    let it = Running::<Toy>::start().await;
    let (caller, request) = (staff(&[]), command("raced"));
    let twins = futures::future::join_all((0..8).map(|_| act(it.app(), &caller, &request))).await;
    assert!(twins.iter().all(Result::is_ok), "{twins:?}");
    assert_eq!(notes(&it).await, 1);
}

#[tokio::test]
async fn an_id_used_for_another_request_is_refused() {
    let it = Running::<Toy>::start().await;
    let (caller, request) = (staff(&[]), command("first"));
    act(it.app(), &caller, &request).await.unwrap();
    let other = proto::studio::wallet::v1::FreezeWalletRequest {
        reason: "second".to_owned(),
        ..request
    };
    let refused = act(it.app(), &caller, &other).await.unwrap_err();
    assert_eq!(refused.reason().as_deref(), Some("IDEMPOTENCY_KEY_REUSED"));
    assert_eq!(notes(&it).await, 1);
}

#[tokio::test]
async fn two_callers_may_use_one_id() {
    let it = Running::<Toy>::start().await;
    let request = command("mine");
    act(it.app(), &staff(&[]), &request).await.unwrap();
    act(it.app(), &staff(&[]), &request).await.unwrap();
    assert_eq!(notes(&it).await, 2);
}

#[tokio::test]
async fn what_was_not_committed_is_decided_anew() {
    let it = Running::<Toy>::start().await;
    let (caller, request) = (staff(&[]), command("again"));
    let Claim::Fresh(mut tx) = it.app().claim(&caller, &request).await.unwrap() else {
        panic!("claimed before")
    };
    write_note(&mut tx, kernel::fresh_uuid(), "lost").await.unwrap();
    drop(tx);
    act(it.app(), &caller, &request).await.unwrap();
    assert_eq!(notes(&it).await, 1);
}

#[tokio::test]
async fn a_refusal_that_must_last_keeps_its_work_and_is_repeated() {
    let it = Running::<Toy>::start().await;
    let (caller, request) = (staff(&[]), command("wrong code"));
    let refuse = || Refused::new(Code::PermissionDenied, ErrorReason::SamePerson, "no").with("left", 2);
    let Claim::Fresh(mut tx) = it.app().claim(&caller, &request).await.unwrap() else {
        panic!("claimed before")
    };
    write_note(&mut tx, kernel::fresh_uuid(), "attempt")
        .await
        .unwrap();
    let first = tx.commit_refusal(refuse()).await;
    let second = act(it.app(), &caller, &request).await.unwrap_err();
    assert_eq!((first.reason(), notes(&it).await), (second.reason(), 1));
    assert!(matches!(second, Error::KeptRefusal(_)));
    assert_eq!(second.to_status("studio.orders").code(), Code::PermissionDenied);
}

#[tokio::test]
async fn every_write_and_every_wide_look_leaves_an_audit_row_that_nobody_can_change() {
    let it = Running::<Toy>::start().await;
    let caller = staff(&[StudioId::fresh()]);
    act(it.app(), &caller, &command("seen")).await.unwrap();
    drop(it.app().begin_wide(&caller, "member at the desk").await.unwrap());
    let decisions: Vec<String> =
        sqlx::query_scalar("select decision from audit where actor = $1 order by audit_id")
            .bind(format!("person:{}", caller.person().unwrap()))
            .fetch_all(it.pool())
            .await
            .unwrap();
    assert_eq!(decisions, ["done", "looked"]);
    for change in [
        "update audit set actor = 'nobody'",
        "delete from audit",
        "truncate audit",
    ] {
        let refused = sqlx::query(change)
            .execute(it.pool())
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains("never changed"), "{change}: {refused}");
    }
}

#[tokio::test]
async fn claims_and_done_tasks_go_when_they_have_done_their_time_and_not_before() {
    let it = Running::<Toy>::start().await;
    let (old, young) = (command("old"), command("young"));
    act(it.app(), &staff(&[]), &old).await.unwrap();
    act(it.app(), &staff(&[]), &young).await.unwrap();
    it.settle().await;
    let age = "update claims set created_at = now() - interval '401 days' where request_id = $1::uuid";
    sqlx::query(age)
        .bind(&old.request_id)
        .execute(it.pool())
        .await
        .unwrap();
    let age = "update tasks set done_at = now() - interval '36 days' where aggregate = $1::uuid";
    sqlx::query(age)
        .bind(&old.person_id)
        .execute(it.pool())
        .await
        .unwrap();
    assert_eq!(it.app().sweep_once().await.unwrap(), 2);
    assert_eq!(it.app().sweep_once().await.unwrap(), 0);
    let kept: Vec<uuid::Uuid> = sqlx::query_scalar("select request_id from claims")
        .fetch_all(it.pool())
        .await
        .unwrap();
    assert_eq!(kept, [uuid::Uuid::parse_str(&young.request_id).unwrap()]);
}
