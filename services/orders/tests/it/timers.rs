//! O29: everything that waits runs out.

use kernel::{PaymentId, PersonId};
use proto::studio::orders::v1 as pb;
use proto::studio::orders::v1::orders_event::Fact;

use crate::world::{PRICE, World, id, reason};

async fn ran_out(world: &World, order_id: &str, deadline: pb::Deadline) {
    world.it.settle().await;
    assert_eq!(world.state(order_id).await, pb::OrderState::Expired);
    let Fact::OrderExpired(fact) = world.last_fact(order_id).await else {
        panic!("no order_expired")
    };
    assert_eq!(fact.deadline(), deadline);
}

#[tokio::test]
async fn a_draft_that_nobody_confirms_runs_out() {
    let world = World::open().await;
    let order = world.draft(PersonId::fresh()).await;
    world.advance_hours(719);
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Draft);
    world.advance_hours(2);
    ran_out(&world, &order.order_id, pb::Deadline::Draft).await;
}

#[tokio::test]
async fn a_question_that_nobody_answers_runs_out() {
    let world = World::open().await;
    let order = world.submitted(PersonId::fresh()).await;
    let ask = pb::RequestInformationRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        wanted: "?".to_owned(),
    };
    world.agent().request_information(ask).await.unwrap();
    world.advance_hours(169);
    ran_out(&world, &order.order_id, pb::Deadline::Information).await;
}

#[tokio::test]
async fn an_approved_quote_that_is_not_accepted_in_time_runs_out() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.approved(person).await;
    world.advance_hours(169);
    let late = world.member(person).accept_quote(world.acceptance(&order)).await;
    assert_eq!(reason(late), "ACCEPTANCE_EXPIRED");
    ran_out(&world, &order.order_id, pb::Deadline::Acceptance).await;
}

#[tokio::test]
async fn acceptance_never_outlasts_the_quote() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.in_review(person).await;
    world.advance_hours(335);
    let approved = world
        .reviewer()
        .approve(world.approval(&order))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(approved.accept_by, order.quote.unwrap().valid_until);
    world.advance_hours(2);
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Expired);
}

#[tokio::test]
async fn a_quote_that_runs_out_during_review_goes_back_and_is_issued_anew() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    world.advance_hours(337);
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::SentBack);
    let again = world.hand_over(&order.order_id).await;
    assert_eq!(again.quote.as_ref().unwrap().number, 2);
    assert!(world.reviewer().approve(world.approval(&again)).await.is_ok());
}

#[tokio::test]
async fn an_unpaid_order_runs_out() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    world.advance_hours(49);
    let late = world.payment(&order, pb::PaymentMethod::WechatNative);
    assert_eq!(
        reason(world.member(person).start_payment(late).await),
        "PAYMENT_EXPIRED"
    );
    ran_out(&world, &order.order_id, pb::Deadline::Payment).await;
    assert_eq!(
        world.see(&order.order_id).await.dues[0].state(),
        pb::DueState::Cancelled
    );
}

#[tokio::test]
async fn an_order_with_a_qr_runs_out_once_payments_has_taken_it_back_and_late_money_goes_back() {
    let world = World::open().await;
    let order = world.showing(PersonId::fresh()).await;
    world.advance_hours(49);
    ran_out(&world, &order.order_id, pb::Deadline::Payment).await;
    assert!(world.peers.seen().cancelled.contains(&order.dues[0].intent_id));
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    let Fact::OrderUnfulfillable(fact) = world.last_fact(&order.order_id).await else {
        panic!("the money has to go back");
    };
    assert_eq!(fact.cause(), pb::UnfulfillableCause::Expired);
}

#[tokio::test]
async fn a_timer_of_what_moved_on_does_nothing() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    world.advance_hours(24 * 60);
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Fulfilled);
    let waiting = "tasks where state <> 'done'";
    assert_eq!(world.count(waiting).await, 0);
}
