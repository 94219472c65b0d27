//! What refunds needs of an order, and what it writes back.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;

use crate::world::{PRICE, World, fen, id, reason};

fn record(order: &pb::Order, minor: i64) -> pb::RecordRefundRequest {
    pb::RecordRefundRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        case_id: id(),
        amount: Some(fen(minor)),
        due_id: String::new(),
    }
}

#[tokio::test]
async fn refunds_reads_how_each_due_was_paid_and_what_was_sold() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    let due = &order.dues[0];
    assert_eq!(due.method(), pb::PaymentMethod::WechatNative);
    assert!(!due.payment_id.is_empty() && due.paid_at.is_some());
    assert_eq!(due.legal_entity_id, world.chain.beijing_company.to_string());
    let terms = order.quote.unwrap().terms.unwrap();
    assert_eq!((terms.version, terms.price.unwrap().minor), (1, PRICE));
    assert_eq!(order.studio_id, world.chain.chaoyang.to_string());
}

#[tokio::test]
async fn a_refund_case_is_recorded_once_whatever_its_request_id() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    let first = record(&order, 1_000);
    let mut refunds = world.service("refunds");
    refunds.record_refund(first.clone()).await.unwrap();
    let again = pb::RecordRefundRequest {
        request_id: id(),
        ..first.clone()
    };
    let reply = refunds
        .record_refund(again)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(reply.refunded.unwrap().minor, 1_000);
    assert_eq!(reply.dues[0].refunded.clone().unwrap().minor, 1_000);
    let other = pb::RecordRefundRequest {
        request_id: id(),
        amount: Some(fen(2_000)),
        ..first
    };
    assert_eq!(reason(refunds.record_refund(other).await), "REFUND_DIFFERS");
    let facts = world.facts(&order.order_id).await;
    assert_eq!(facts.iter().filter(|f| *f == "order_refund_recorded").count(), 1);
}

#[tokio::test]
async fn never_more_goes_back_than_was_paid() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    let mut refunds = world.service("refunds");
    refunds.record_refund(record(&order, PRICE - 1)).await.unwrap();
    assert_eq!(
        reason(refunds.record_refund(record(&order, 2)).await),
        "REFUND_EXCEEDS_PAYMENT"
    );
    refunds.record_refund(record(&order, 1)).await.unwrap();
    let pool = world.it.pool();
    for forge in [
        "update orders set refunded_minor = paid_minor + 1, version = version + 1",
        "update dues set refunded_minor = amount_minor + 1, version = version + 1",
    ] {
        assert!(sqlx::query(forge).execute(pool).await.is_err());
    }
}

#[tokio::test]
async fn two_refunds_racing_for_the_whole_let_one_through() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    let (mut one, mut other) = (world.service("refunds"), world.service("refunds"));
    let (a, b) = tokio::join!(
        one.record_refund(record(&order, PRICE)),
        other.record_refund(record(&order, PRICE))
    );
    assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1);
    assert_eq!(world.see(&order.order_id).await.refunded.unwrap().minor, PRICE);
}

#[tokio::test]
async fn a_named_due_takes_no_more_than_its_own() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    let mut refunds = world.service("refunds");
    let unknown = pb::RecordRefundRequest {
        due_id: id(),
        ..record(&order, 1)
    };
    assert_eq!(
        reason(refunds.record_refund(unknown).await),
        "REFUND_EXCEEDS_PAYMENT"
    );
    let named = pb::RecordRefundRequest {
        due_id: order.dues[0].due_id.clone(),
        ..record(&order, 5)
    };
    assert!(refunds.record_refund(named).await.is_ok());
}

#[tokio::test]
async fn nobody_but_the_service_refunds_records_one() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    for role in [
        Role::RefundClerk,
        Role::RefundApprover,
        Role::FinanceSupervisor,
        Role::OperatorAdmin,
    ] {
        assert_eq!(
            reason(world.staff(role).record_refund(record(&order, 1)).await),
            "ROLE_MISSING"
        );
    }
    for service in ["wallet", "payments", "notifications"] {
        assert_eq!(
            reason(world.service(service).record_refund(record(&order, 1)).await),
            "ROLE_MISSING"
        );
    }
    let unpaid = world.submitted(PersonId::fresh()).await;
    assert_eq!(
        reason(world.service("refunds").record_refund(record(&unpaid, 1)).await),
        "WRONG_STATE"
    );
}
