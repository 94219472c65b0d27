use kernel::{DueId, fresh_uuid, to_proto_time};
use proto::studio::orders::v1 as orders;
use proto::studio::orders::v1::PaymentMethod;
use proto::studio::refunds::v1 as pb;

use crate::back::{arrives, latest_try};
use crate::world::{Sale, World, approve, id, minor, money};

/// The case that the system opens for money that bought nothing.
pub async fn undelivered(world: &World, sale: &Sale, due_id: &str) -> pb::RefundCase {
    let fact = orders::OrderUnfulfillable {
        order_id: sale.order.clone(),
        person_id: sale.person.to_string(),
        due_id: due_id.to_owned(),
        ..orders::OrderUnfulfillable::default()
    };
    let event = orders::OrdersEvent {
        fact: Some(orders::orders_event::Fact::OrderUnfulfillable(fact)),
    };
    world.it.hear(fresh_uuid(), 1, &event).await.unwrap();
    world.it.settle().await;
    let queue = pb::ListCasesRequest {
        order_id: sale.order.clone(),
        ..pb::ListCasesRequest::default()
    };
    let cases = world
        .approver()
        .list_cases(queue)
        .await
        .unwrap()
        .into_inner()
        .cases;
    cases.into_iter().find(|case| case.opened_by.is_empty()).unwrap()
}

#[tokio::test]
async fn money_that_bought_nothing_opens_a_case_of_the_system_that_a_person_approves() {
    let world = World::open().await;
    let sale = world.sold(10_000);
    let fact = orders::OrderUnfulfillable {
        order_id: sale.order.clone(),
        person_id: sale.person.to_string(),
        due_id: sale.dues[0].clone(),
        amount: Some(money(10_000)),
        ..orders::OrderUnfulfillable::default()
    };
    let event = orders::OrdersEvent {
        fact: Some(orders::orders_event::Fact::OrderUnfulfillable(fact)),
    };
    world.it.hear(fresh_uuid(), 1, &event).await.unwrap();
    world.it.hear(fresh_uuid(), 2, &event).await.unwrap();
    world.it.settle().await;
    let queue = pb::ListCasesRequest {
        order_id: sale.order.clone(),
        ..pb::ListCasesRequest::default()
    };
    let cases = world
        .approver()
        .list_cases(queue)
        .await
        .unwrap()
        .into_inner()
        .cases;
    assert_eq!(
        (cases.len(), cases[0].opened_by.as_str(), cases[0].reason()),
        (1, "", pb::RefundReason::NotDelivered)
    );
    assert_eq!(minor(cases[0].quote.clone().unwrap().amount), 10_000);
    world.approver().approve_case(approve(&cases[0])).await.unwrap();
    world.it.settle().await;
    assert_eq!(
        world.see(&cases[0].case_id).await.state(),
        pb::CaseState::Completed
    );
}

#[tokio::test]
async fn money_that_came_a_second_time_goes_back_whole_and_the_card_stays() {
    let world = World::open().await;
    let sale = world.sold(10_000);
    let surplus = orders::Due {
        due_id: DueId::fresh().to_string(),
        amount: Some(money(10_000)),
        state: orders::DueState::Paid.into(),
        method: PaymentMethod::WechatNative.into(),
        payment_id: id(),
        paid_at: Some(to_proto_time(world.it.clock().now())),
        surplus: true,
        ..orders::Due::default()
    };
    let due_id = surplus.due_id.clone();
    world
        .below()
        .orders
        .get_mut(&sale.order)
        .unwrap()
        .dues
        .push(surplus);
    let fact = orders::OrderUnfulfillable {
        order_id: sale.order.clone(),
        due_id,
        surplus: true,
        ..orders::OrderUnfulfillable::default()
    };
    let event = orders::OrdersEvent {
        fact: Some(orders::orders_event::Fact::OrderUnfulfillable(fact)),
    };
    world.it.hear(fresh_uuid(), 1, &event).await.unwrap();
    world.it.settle().await;
    let queue = pb::ListCasesRequest {
        order_id: sale.order.clone(),
        ..pb::ListCasesRequest::default()
    };
    let case = world
        .approver()
        .list_cases(queue)
        .await
        .unwrap()
        .into_inner()
        .cases
        .remove(0);
    world.approver().approve_case(approve(&case)).await.unwrap();
    world.it.settle().await;
    arrives(&world, &latest_try(&world, &[])).await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
    assert_eq!(world.below().revoked.len(), 0);
}
