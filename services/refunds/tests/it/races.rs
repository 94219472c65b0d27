use proto::studio::access::v1::Role;
use proto::studio::orders::v1::PaymentMethod;
use proto::studio::refunds::v1 as pb;
use testkit::{At, Identity};

use crate::undelivered::undelivered;
use crate::world::{World, approve, id, open, reason, refunds};

#[tokio::test(flavor = "multi_thread")]
async fn a_case_approved_by_two_at_once_is_approved_once() {
    let world = World::with_policy().await;
    let case = world.opened(&world.sold(10_000)).await;
    let at: At = world.chain.chaoyang.into();
    let second = Identity::posts(kernel::PersonId::fresh(), &[(Role::RefundApprover, at)]);
    let (mut a, mut b) = (world.approver(), refunds(world.it.door(second)));
    let (a, b) = tokio::join!(a.approve_case(approve(&case)), b.approve_case(approve(&case)));
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "VERSION_CONFLICT");
    world.it.settle().await;
    assert_eq!((world.count("legs").await, world.below().returned.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_raced_against_a_rejection_leaves_one_decision() {
    let world = World::with_policy().await;
    let case = world.opened(&world.sold(10_000)).await;
    let no = pb::RejectCaseRequest {
        request_id: id(),
        case_id: case.case_id.clone(),
        version: case.version,
        reason: pb::CaseRejectReason::NotProven.into(),
        note: "no".to_owned(),
    };
    let (mut a, mut b) = (world.approver(), world.approver());
    let (yes, no) = tokio::join!(a.approve_case(approve(&case)), b.reject_case(no));
    assert_ne!(yes.is_ok(), no.is_ok());
    world.it.settle().await;
    assert_eq!(world.below().returned.len(), usize::from(yes.is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_open_a_case_at_once_open_one() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let (mut a, mut b) = (world.member(sale.person), world.clerk());
    let (a, b) = tokio::join!(a.open_case(open(&sale)), b.open_case(open(&sale)));
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "CASE_OPEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_raced_against_itself_answers_alike() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let ask = open(&sale);
    let (mut a, mut b) = (world.member(sale.person), world.member(sale.person));
    let (a, b) = tokio::join!(a.open_case(ask.clone()), b.open_case(ask));
    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    assert_eq!(world.count("cases").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_of_a_due_and_of_its_order_never_promise_more_than_was_paid() {
    let world = World::with_policy().await;
    let sale = world.sold_for(&[(6_000, PaymentMethod::Wallet), (4_000, PaymentMethod::Wallet)]);
    let whole = world.opened(&sale).await;
    let part = undelivered(&world, &sale, &sale.dues[1]).await;
    let (mut a, mut b) = (world.approver(), world.approver());
    let (a, b) = tokio::join!(a.approve_case(approve(&whole)), b.approve_case(approve(&part)));
    let lost = if a.is_ok() { b } else { a };
    assert!(["ABOVE_REFUNDABLE", "SUBJECT_CHANGED"].contains(&reason(lost).as_str()));
    world.it.settle().await;
    let over = world
        .count("due_refunds where returned_minor + reserved_minor > paid_minor")
        .await;
    assert_eq!(over, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_published_at_once_follow_each_other_or_one_learns_of_the_other() {
    let world = World::open().await;
    let (mut a, mut b) = (world.supervisor(), world.supervisor());
    let (a, b) = tokio::join!(
        a.publish_policy(crate::world::policy("1")),
        b.publish_policy(crate::world::policy("0.5"))
    );
    let published = i64::from(a.is_ok()) + i64::from(b.is_ok());
    assert!(published > 0);
    assert_eq!(world.count("policies").await, published);
    for refused in [a, b].into_iter().filter(Result::is_err) {
        assert!(["VERSION_CONFLICT", "BACK_DATED"].contains(&reason(refused).as_str()));
    }
}
