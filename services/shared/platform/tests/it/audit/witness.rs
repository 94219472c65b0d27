use proto::studio::access::v1::Role;
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::audit_service_client::AuditServiceClient;
use testkit::{At, Door, Running};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{Till, Two};
use crate::toy::Toy;

async fn held<S: platform::Service>(it: &Running<S>, of: &str) -> Vec<(i64, bool)> {
    sqlx::query_as("select seq, conflict <> '' from audit_witnesses where service = $1 order by witness_id")
        .bind(of)
        .fetch_all(it.pool())
        .await
        .unwrap()
}

fn record(head: &pb::AuditHead) -> pb::RecordHeadRequest {
    pb::RecordHeadRequest {
        request_id: kernel::fresh_uuid().to_string(),
        head: Some(head.clone()),
    }
}

fn at_till(two: &Two, service: &str) -> AuditServiceClient<Door> {
    AuditServiceClient::new(two.till.as_service(service))
}

fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

/// Something for the chain of a service that nobody else writes to.
async fn trouble(it: &Running<Till>, text: &str) {
    it.app()
        .begin_beside("callbacks", text)
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
    it.settle().await;
}

#[tokio::test]
async fn every_subscriber_becomes_a_witness_by_the_feed() {
    let two = Two::start().await;
    trouble(&two.till, "one").await;
    let head = two.till.app().sign_head().await.unwrap().unwrap();
    assert!(
        two.till.app().sign_head().await.unwrap().is_none(),
        "nothing new, no head"
    );
    two.till.settle().await;
    two.hear().await;
    two.hear().await;
    assert_eq!(held(&two.toy, "payments").await, [(head.seq, false)]);
    let parked: i64 = sqlx::query_scalar("select count(*) from parked_events")
        .fetch_one(two.toy.pool())
        .await
        .unwrap();
    assert_eq!(parked, 0);
}

#[tokio::test]
async fn a_head_is_recorded_once_with_a_service_that_may_be_called() {
    let two = Two::start().await;
    two.write(2).await;
    two.sign().await;
    two.toy.app().record_heads(0).await.unwrap();
    let head = two.report().await.head_seq;
    assert_eq!(held(&two.till, "orders").await, [(head, false)]);
    two.write(1).await;
    two.sign().await;
    assert_eq!(held(&two.till, "orders").await.len(), 2);
}

#[tokio::test]
async fn a_rewritten_chain_is_refused_kept_and_told_on_both_ways() {
    let two = Two::start().await;
    two.write(2).await;
    two.sign().await;
    two.as_superuser("truncate audit_links, audit_heads; update chain_sources set low_water = 0; update audit set actor = 'nobody' where audit_id = 1")
        .await;
    two.toy.settle().await;
    let head = two.toy.app().sign_head().await.unwrap().unwrap();
    let refused = at_till(&two, "orders")
        .record_head(record(&head))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "HEAD_CONFLICT")
    );
    assert_eq!(
        held(&two.till, "orders").await,
        [(head.seq, false), (head.seq, true)]
    );
    let kept: i64 = sqlx::query_scalar("select count(*) from audit where decision = 'refused'")
        .fetch_one(two.till.pool())
        .await
        .unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_rewritten_chain_that_comes_by_the_feed_is_kept_as_evidence_and_holds_nothing_up() {
    let two = Two::start().await;
    trouble(&two.till, "one").await;
    two.till.app().sign_head().await.unwrap().unwrap();
    two.till.settle().await;
    two.hear().await;
    let rewrite = "begin; set local session_replication_role = replica; truncate audit_links, audit_heads; \
                   update chain_sources set low_water = 0; update audit set actor = 'nobody'; commit";
    sqlx::raw_sql(rewrite).execute(two.till.pool()).await.unwrap();
    two.till.settle().await;
    let forged = two.till.app().sign_head().await.unwrap().unwrap();
    two.till.settle().await;
    two.hear().await;
    assert_eq!(
        held(&two.toy, "payments").await,
        [(forged.seq, false), (forged.seq, true)]
    );
    let cursor: i64 = sqlx::query_scalar("select seq from cursors where source = 'payments'")
        .fetch_one(two.toy.pool())
        .await
        .unwrap();
    assert_eq!(cursor, 2);
}

#[tokio::test]
async fn only_a_service_records_heads_and_only_its_own_that_it_signed() {
    let two = Two::start().await;
    two.write(1).await;
    let head = two.toy.app().sign_head().await.unwrap().unwrap();
    let foreign = at_till(&two, "wallet")
        .record_head(record(&head))
        .await
        .unwrap_err();
    assert_eq!(reason(&foreign), "ROLE_MISSING");
    let claimed = pb::AuditHead {
        service: "wallet".to_owned(),
        ..head.clone()
    };
    let unsigned = at_till(&two, "wallet")
        .record_head(record(&claimed))
        .await
        .unwrap_err();
    assert_eq!(
        (unsigned.code(), reason(&unsigned).as_str()),
        (Code::InvalidArgument, "INVALID_FIELDS")
    );
    let changed = pb::AuditHead {
        hash: vec![1; 32],
        ..head.clone()
    };
    let bent = at_till(&two, "orders")
        .record_head(record(&changed))
        .await
        .unwrap_err();
    assert_eq!(reason(&bent), "INVALID_FIELDS");
    let person = two.till.as_staff(Role::Operations, At::Everywhere);
    let person = AuditServiceClient::new(person)
        .record_head(record(&head))
        .await
        .unwrap_err();
    assert_eq!(person.code(), Code::PermissionDenied);
    assert_eq!(held(&two.till, "orders").await, []);
    at_till(&two, "orders").record_head(record(&head)).await.unwrap();
}

#[tokio::test]
async fn only_operations_read_the_evidence() {
    let it = Running::<Toy>::start().await;
    let auditor = it.as_staff(Role::FrontDesk, At::Everywhere);
    let refused = AuditServiceClient::new(auditor)
        .list_entries(pb::ListEntriesRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
