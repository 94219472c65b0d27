use kernel::to_proto_time;
use proto::studio::orders::v1::PaymentMethod;
use proto::studio::refunds::v1 as pb;

use crate::case::reject;
use crate::undelivered::undelivered;
use crate::world::{World, approve, money, open, reason};

#[tokio::test]
async fn a_card_used_after_the_opening_is_not_paid_for_as_unused() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let case = world.opened(&sale).await;
    world.visited(&sale, 3);
    assert_eq!(
        reason(world.approver().approve_case(approve(&case)).await),
        "SUBJECT_CHANGED"
    );
    assert_eq!(world.count("legs").await, 0);

    world.approver().reject_case(reject(&case)).await.unwrap();
    let case = world.opened(&sale).await;
    let reply = world
        .approver()
        .approve_case(approve(&case))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.amount, Some(money(7_000)));
}

#[tokio::test]
async fn coming_with_a_benefit_without_limit_counts_as_use_too() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let benefit = |used| {
        let mut below = world.below();
        let benefit = &mut below.cards.get_mut(&sale.card).unwrap().benefits[0];
        benefit.terms.as_mut().unwrap().uses = 0;
        benefit.used = used;
    };
    benefit(1);
    let case = world.opened(&sale).await;
    benefit(2);
    assert_eq!(
        reason(world.approver().approve_case(approve(&case)).await),
        "SUBJECT_CHANGED"
    );
}

#[tokio::test]
async fn a_use_after_the_opening_counts_also_where_a_part_is_asked_for() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let part = pb::OpenCaseRequest {
        requested_amount: Some(money(5_000)),
        ..open(&sale)
    };
    let reply = world.clerk().open_case(part).await.unwrap().into_inner();
    let case = world.see(&reply.case_id).await;
    world.visited(&sale, 5);
    assert_eq!(
        reason(world.approver().approve_case(approve(&case)).await),
        "SUBJECT_CHANGED"
    );
    world.visited(&sale, 0);
    world.approver().approve_case(approve(&case)).await.unwrap();
}

#[tokio::test]
async fn waiting_for_the_decision_costs_the_member_nothing() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let from = world.it.clock().now() - chrono::Duration::days(73);
    let valid_from = Some(to_proto_time(from));
    world
        .below()
        .cards
        .get_mut(&sale.card)
        .unwrap()
        .card
        .as_mut()
        .unwrap()
        .valid_from = valid_from;
    let case = world.opened(&sale).await;
    world.it.advance(std::time::Duration::from_hours(240));
    let reply = world
        .approver()
        .approve_case(approve(&case))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.amount, Some(money(8_000)));
}

#[tokio::test]
async fn the_systems_case_of_a_due_stands_beside_the_one_of_the_order_and_counts_in_it() {
    let world = World::with_policy().await;
    let sale = world.sold_for(&[(6_000, PaymentMethod::Wallet), (4_000, PaymentMethod::Wallet)]);
    let whole = world.opened(&sale).await;
    let due = undelivered(&world, &sale, &sale.dues[1]).await;
    world.approver().approve_case(approve(&due)).await.unwrap();
    assert_eq!(
        reason(world.approver().approve_case(approve(&whole)).await),
        "SUBJECT_CHANGED"
    );
}
