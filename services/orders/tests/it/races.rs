//! Two at once: one wins, the other is told.

use kernel::{PaymentId, PersonId};
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use testkit::{At, Identity};
use tonic::Status;

use crate::world::{PRICE, World, reason};

fn one_won<A, B>(a: &Result<A, Status>, b: &Result<B, Status>) -> bool {
    a.is_ok() != b.is_ok()
}

#[tokio::test]
async fn of_two_approvals_that_race_one_stands() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    let post = [(Role::Reviewer, At::from(world.chain.chaoyang))];
    let mut first = world.orders(Identity::posts(PersonId::fresh(), &post));
    let mut second = world.orders(Identity::posts(PersonId::fresh(), &post));
    let (a, b) = tokio::join!(
        first.approve(world.approval(&order)),
        second.approve(world.approval(&order))
    );
    assert!(one_won(&a, &b));
    assert_eq!(reason(a.and(b)), "WRONG_STATE");
    let facts = world.facts(&order.order_id).await;
    assert_eq!(facts.iter().filter(|f| *f == "order_approved").count(), 1);
}

#[tokio::test]
async fn of_two_applications_for_one_product_that_race_one_is_submitted() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let (one, other) = (world.draft(person).await, world.draft(person).await);
    let (mut first, mut second) = (world.member(person), world.member(person));
    let (a, b) = tokio::join!(
        first.confirm_application(world.confirm(&one)),
        second.confirm_application(world.confirm(&other))
    );
    assert!(one_won(&a, &b));
    assert_eq!(reason(a.and(b)), "DUPLICATE_APPLICATION");
}

#[tokio::test]
async fn accepting_and_running_out_leave_one_outcome() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.approved(person).await;
    // a moment before the deadline the member accepts; a moment later the timer fires
    world
        .it
        .advance(std::time::Duration::from_millis(168 * 3_600_000 - 400));
    let mut member = world.member(person);
    let (answer, ()) = tokio::join!(member.accept_quote(world.acceptance(&order)), async {
        world.it.advance(std::time::Duration::from_millis(400));
        world.it.settle().await;
    });
    let state = world.state(&order.order_id).await;
    let wanted = if answer.is_ok() {
        pb::OrderState::Confirmed
    } else {
        pb::OrderState::Expired
    };
    assert_eq!(state, wanted);
    assert_eq!(
        world.see(&order.order_id).await.dues.len(),
        usize::from(answer.is_ok())
    );
}

#[tokio::test]
async fn cancelling_and_paying_leave_one_outcome_and_no_money_lost() {
    let world = World::open().await;
    for _ in 0..5 {
        let person = PersonId::fresh();
        let order = world.showing(person).await;
        let mut member = world.member(person);
        let (cancelled, captured) = tokio::join!(
            member.cancel(world.cancellation(&order)),
            world.capture(&order.dues[0], PRICE, PaymentId::fresh())
        );
        captured.unwrap();
        world.it.settle().await;
        let after = world.see(&order.order_id).await;
        assert_eq!(after.state(), pb::OrderState::Fulfilled, "{cancelled:?}");
        assert_eq!(after.paid.unwrap().minor, PRICE);
    }
}

#[tokio::test]
async fn one_request_raced_against_itself_answers_alike() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let draft = world.draft(person).await;
    let ask = world.confirm(&draft);
    let (mut first, mut second) = (world.member(person), world.member(person));
    let (a, b) = tokio::join!(
        first.confirm_application(ask.clone()),
        second.confirm_application(ask.clone())
    );
    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    assert_eq!(world.facts(&draft.order_id).await, ["order_submitted"]);
}

#[tokio::test]
async fn two_ways_to_pay_that_race_take_the_money_once() {
    let world = World::open().await;
    let person = PersonId::fresh();
    world.peers.seen().wallets.insert(person.to_string(), 2 * PRICE);
    let order = world.confirmed(person).await;
    let (mut first, mut second) = (world.member(person), world.member(person));
    let qr = world.payment(&order, pb::PaymentMethod::WechatNative);
    let wallet = world.payment(&order, pb::PaymentMethod::Wallet);
    let (a, b) = tokio::join!(first.start_payment(qr), second.start_payment(wallet));
    assert!(a.is_ok() || b.is_ok());
    world.it.settle().await;
    let after = world.see(&order.order_id).await;
    let took = 2 * PRICE - world.peers.seen().wallets[&person.to_string()];
    assert_eq!(after.paid.unwrap().minor, took);
    assert!(took <= PRICE);
}
