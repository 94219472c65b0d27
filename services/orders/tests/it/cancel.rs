//! O29: cancelling, and money that is faster or slower than it.

use kernel::{PaymentId, PersonId};
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;

use crate::peers::{Trouble, unknown};
use crate::world::{PRICE, World, reason};

#[tokio::test]
async fn an_unpaid_order_is_cancelled_at_once_with_its_dues() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    let ask = world.cancellation(&order);
    let cancelled = world
        .member(person)
        .cancel(ask)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(
        (cancelled.state(), cancelled.reason.as_str()),
        (pb::OrderState::Cancelled, "")
    );
    assert_eq!(world.see(&order.order_id).await.reason, "改变主意");
    assert_eq!(cancelled.dues[0].state(), pb::DueState::Cancelled);
    assert_eq!(
        world.facts(&order.order_id).await.last().unwrap(),
        "order_cancelled"
    );
    let ask = world.payment(&order, pb::PaymentMethod::WechatNative);
    assert_eq!(
        reason(world.member(person).start_payment(ask).await),
        "WRONG_STATE"
    );
}

#[tokio::test]
async fn every_state_before_payment_can_be_cancelled_and_none_after() {
    let world = World::open().await;
    let person = PersonId::fresh;
    let orders = [
        world.draft(person()).await,
        world.submitted(person()).await,
        world.passed(person()).await,
        world.in_review(person()).await,
        world.approved(person()).await,
    ];
    for order in orders {
        let answer = world
            .agent()
            .cancel(world.cancellation(&order))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.order.unwrap().state(), pb::OrderState::Cancelled);
        assert_eq!(
            reason(world.agent().cancel(world.cancellation(&order)).await),
            "WRONG_STATE"
        );
    }
    let paid = world.fulfilled(person()).await;
    assert_eq!(
        reason(world.agent().cancel(world.cancellation(&paid)).await),
        "ALREADY_PAID"
    );
}

#[tokio::test]
async fn strangers_and_reviewers_cancel_nothing() {
    let world = World::open().await;
    let order = world.submitted(PersonId::fresh()).await;
    let ask = || world.cancellation(&order);
    assert_eq!(
        reason(world.member(PersonId::fresh()).cancel(ask()).await),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(world.staff(Role::Reviewer).cancel(ask()).await),
        "ROLE_MISSING"
    );
}

#[tokio::test]
async fn an_order_with_a_qr_ends_once_payments_has_taken_the_qr_back() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.showing(person).await;
    world
        .peers
        .trouble("CancelIntent", &[Trouble::Lost, Trouble::Before(unknown())]);
    let answer = world
        .member(person)
        .cancel(world.cancellation(&order))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.order.unwrap().state(), pb::OrderState::Cancelling);
    world.it.settle().await;
    let after = world.see(&order.order_id).await;
    assert_eq!(after.state(), pb::OrderState::Cancelled);
    assert_eq!(after.dues[0].state(), pb::DueState::Cancelled);
    let mut ids = world.peers.ids("CancelIntent");
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn money_that_is_faster_than_cancelling_pays_the_order() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.showing(person).await;
    world.peers.seen().paid.insert(order.dues[0].intent_id.clone());
    world
        .member(person)
        .cancel(world.cancellation(&order))
        .await
        .unwrap();
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Cancelling);
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Fulfilled);
}

#[tokio::test]
async fn money_that_arrives_for_a_cancelled_order_is_kept_and_goes_back() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.showing(person).await;
    world
        .member(person)
        .cancel(world.cancellation(&order))
        .await
        .unwrap();
    world.it.settle().await;
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    let after = world.see(&order.order_id).await;
    assert_eq!(
        (after.state(), after.paid.unwrap().minor),
        (pb::OrderState::Unfulfillable, PRICE)
    );
    assert_eq!(after.dues[0].state(), pb::DueState::Paid);
    let pb::orders_event::Fact::OrderUnfulfillable(fact) = world.last_fact(&order.order_id).await else {
        panic!("the money has to go back");
    };
    assert_eq!(fact.cause(), pb::UnfulfillableCause::Cancelled);
    assert_eq!(fact.amount.unwrap().minor, PRICE);
}

#[tokio::test]
async fn cancelling_while_the_wallet_is_silent_waits_for_its_answer() {
    let world = World::open().await;
    let (rich, poor) = (PersonId::fresh(), PersonId::fresh());
    world.peers.seen().wallets.insert(rich.to_string(), PRICE);
    for (person, end) in [
        (rich, pb::OrderState::Fulfilled),
        (poor, pb::OrderState::Cancelled),
    ] {
        let order = world.confirmed(person).await;
        let ask = world.payment(&order, pb::PaymentMethod::Wallet);
        world.member(person).start_payment(ask).await.unwrap();
        let answer = world
            .member(person)
            .cancel(world.cancellation(&order))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.order.unwrap().state(), pb::OrderState::Cancelling);
        world.it.settle().await;
        assert_eq!(world.state(&order.order_id).await, end);
    }
}
