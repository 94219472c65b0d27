//! Q24, O29: paying by QR through payments.

use kernel::{PaymentId, PersonId};
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use proto::studio::payments::v1::{self as pay, payments_event::Fact};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::peers::{Trouble, intent_of, no, unknown};
use crate::world::{PRICE, World, id, reason};

const QR: pb::PaymentMethod = pb::PaymentMethod::WechatNative;

#[tokio::test]
async fn a_qr_is_bound_to_the_due_of_the_order_and_its_price() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.showing(person).await;
    let due = &order.dues[0];
    assert_eq!(due.state(), pb::DueState::Paying);
    assert_eq!(due.intent_id, intent_of(&due.due_id));
    assert!(!due.attempt_id.is_empty());
    let seen = world.peers.seen();
    let intent = &seen.intents[&due.due_id];
    assert_eq!(intent.amount.as_ref().unwrap().minor, PRICE);
    assert_eq!(intent.purpose(), pay::Purpose::Order);
    assert_eq!(intent.person_id, person.to_string());
    assert_eq!(intent.legal_entity_id, world.chain.beijing_company.to_string());
    assert_eq!(intent.description, "全城通年卡");
    assert_eq!(intent.expire_at, due.pay_by);
}

#[tokio::test]
async fn the_call_answers_with_the_attempt_when_payments_is_quick() {
    let world = World::bare(10_000).await;
    world
        .import(
            &format!("{}{}", crate::world::HEADER, crate::world::PRODUCTS),
            false,
        )
        .await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    let ask = world.payment(&order, QR);
    let mut member = world.member(person);
    let reply = tokio::select! {
        reply = member.start_payment(ask) => reply,
        () = world.it.work() => panic!("it works for ever"),
    };
    let due = reply.unwrap().into_inner().due.unwrap();
    assert!(!due.attempt_id.is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_asked_again_under_the_same_ids_and_makes_one_intent() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    world
        .peers
        .trouble("CreateIntent", &[Trouble::Before(unknown()), Trouble::Lost]);
    world.peers.trouble("StartAttempt", &[Trouble::Lost]);
    world.start(person, &order, QR).await;
    for method in ["CreateIntent", "StartAttempt"] {
        let mut ids = world.peers.ids(method);
        assert!(ids.len() >= 2, "{method} was asked again");
        ids.dedup();
        assert_eq!(ids.len(), 1, "{method} kept its id");
    }
    assert_eq!(world.peers.seen().attempts.len(), 1);
    assert_eq!(
        world.see(&order.order_id).await.dues[0].state(),
        pb::DueState::Paying
    );
}

#[tokio::test]
async fn a_qr_that_ran_out_is_replaced_under_the_same_intent() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.showing(person).await;
    world.start(person, &order, QR).await;
    let again = world.see(&order.order_id).await;
    assert_ne!(again.dues[0].attempt_id, order.dues[0].attempt_id);
    assert_eq!(again.dues.len(), 1);
    assert_eq!(world.peers.seen().intents.len(), 1);
}

#[tokio::test]
async fn why_the_cashier_is_closed_stands_in_the_due() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    let mut details = tonic_types::ErrorDetails::new();
    let metadata = [("reason".to_owned(), "系统维护".to_owned())];
    details.set_error_info("CASHIER_CLOSED", "studio.payments", metadata);
    let closed = tonic::Status::with_error_details(Code::FailedPrecondition, "closed", details);
    world.peers.trouble("StartAttempt", &[Trouble::Before(closed)]);
    world.start(person, &order, QR).await;
    let due = &world.see(&order.order_id).await.dues[0];
    assert_eq!(
        (due.state(), due.refusal.as_str()),
        (pb::DueState::Open, "CASHIER_CLOSED: 系统维护")
    );
}

#[tokio::test]
async fn a_definite_no_of_payments_leaves_the_due_open_with_its_reason() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    let refusal = no(Code::FailedPrecondition, pay::ErrorReason::NoMerchant);
    world.peers.trouble("CreateIntent", &[Trouble::Before(refusal)]);
    world.start(person, &order, QR).await;
    let due = world.see(&order.order_id).await.dues.remove(0);
    assert_eq!(
        (due.state(), due.refusal.as_str()),
        (pb::DueState::Open, "NO_MERCHANT")
    );
    world.start(person, &order, QR).await;
    let due = world.see(&order.order_id).await.dues.remove(0);
    assert_eq!((due.state(), due.refusal.as_str()), (pb::DueState::Paying, ""));
}

#[tokio::test]
async fn staff_may_show_the_qr_and_strangers_may_not() {
    let world = World::open().await;
    let order = world.confirmed(PersonId::fresh()).await;
    let ask = || world.payment(&order, QR);
    assert_eq!(
        reason(world.member(PersonId::fresh()).start_payment(ask()).await),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(world.staff(Role::Reviewer).start_payment(ask()).await),
        "ROLE_MISSING"
    );
    assert!(world.staff(Role::FrontDesk).start_payment(ask()).await.is_ok());
}

/// The code, or who pays inside WeChat, is told to payments by whoever has it.
#[tokio::test]
async fn a_method_that_needs_the_payer_gets_an_intent_and_no_attempt_from_here() {
    let world = World::open().await;
    for (method, paid_by) in [
        (pb::PaymentMethod::WechatCodepay, pay::Method::WechatCodepay),
        (pb::PaymentMethod::AlipayBarcode, pay::Method::AlipayBarcode),
        (pb::PaymentMethod::WechatJsapi, pay::Method::WechatJsapi),
        (pb::PaymentMethod::Cash, pay::Method::Cash),
        (pb::PaymentMethod::CardTerminal, pay::Method::CardTerminal),
        (pb::PaymentMethod::BankTransfer, pay::Method::BankTransfer),
    ] {
        let person = PersonId::fresh();
        let order = world.confirmed(person).await;
        world.start(person, &order, method).await;
        let due = world.see(&order.order_id).await.dues.remove(0);
        assert_eq!((due.state(), due.method()), (pb::DueState::Paying, method));
        assert_eq!(due.intent_id, intent_of(&due.due_id));
        assert_eq!(due.attempt_id, "");
        assert!(world.peers.ids("StartAttempt").is_empty());
        let payment = PaymentId::fresh();
        world.capture_by(&due, PRICE, payment, paid_by).await.unwrap();
        let paid = world.see(&order.order_id).await;
        assert_eq!(
            (paid.state(), paid.dues[0].method()),
            (pb::OrderState::Paid, method)
        );
    }
}

#[tokio::test]
async fn captured_money_pays_the_order_once_however_often_the_fact_comes() {
    let world = World::open().await;
    let order = world.showing(PersonId::fresh()).await;
    let payment = PaymentId::fresh();
    for _ in 0..2 {
        world.capture(&order.dues[0], PRICE, payment).await.unwrap();
    }
    let paid = world.see(&order.order_id).await;
    assert_eq!(
        (paid.state(), paid.paid.unwrap().minor),
        (pb::OrderState::Paid, PRICE)
    );
    assert_eq!(paid.dues[0].payment_id, payment.to_string());
    let facts = world.facts(&order.order_id).await;
    assert_eq!(facts.iter().filter(|f| *f == "order_paid").count(), 1);
    let ask = world.payment(&order, QR);
    assert_eq!(
        reason(
            world
                .member(order.person_id.parse().unwrap())
                .start_payment(ask)
                .await
        ),
        "ALREADY_PAID"
    );
}

#[tokio::test]
async fn a_second_payment_of_a_paid_order_is_kept_and_goes_back() {
    let world = World::open().await;
    let order = world.fulfilled(PersonId::fresh()).await;
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    let after = world.see(&order.order_id).await;
    assert_eq!(after.state(), pb::OrderState::Fulfilled);
    assert_eq!(after.paid.unwrap().minor, 2 * PRICE);
    assert_eq!(after.dues.len(), 2);
    assert!(after.dues[1].surplus);
    let pb::orders_event::Fact::OrderUnfulfillable(fact) = world.last_fact(&order.order_id).await else {
        panic!("the money has to go back");
    };
    assert_eq!(fact.cause(), pb::UnfulfillableCause::PaidTwice);
    assert_eq!(
        (fact.due_id.as_str(), fact.surplus),
        (after.dues[1].due_id.as_str(), true)
    );
}

#[tokio::test]
async fn money_of_another_amount_pays_nothing_and_goes_back() {
    let world = World::open().await;
    let order = world.showing(PersonId::fresh()).await;
    world
        .capture(&order.dues[0], PRICE - 1, PaymentId::fresh())
        .await
        .unwrap();
    let after = world.see(&order.order_id).await;
    assert_eq!(after.state(), pb::OrderState::Confirmed);
    assert_eq!(after.dues[0].state(), pb::DueState::Paying);
    assert!(after.dues[1].surplus);
    assert_eq!(
        world.facts(&order.order_id).await.last().unwrap(),
        "order_unfulfillable"
    );
}

#[tokio::test]
async fn money_for_a_due_that_nobody_knows_does_not_pass_unseen() {
    let world = World::open().await;
    let due = pb::Due {
        due_id: id(),
        ..Default::default()
    };
    assert!(world.capture(&due, PRICE, PaymentId::fresh()).await.is_err());
}

#[tokio::test]
async fn an_intent_that_ended_by_itself_gives_way_to_another_due() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.showing(person).await;
    let due = order.dues[0].clone();
    world.peers.seen().cancelled.insert(due.intent_id.clone());
    let fact = pay::IntentCancelled {
        intent_id: due.intent_id.clone(),
        purpose: pay::Purpose::Order.into(),
        due_id: due.due_id.clone(),
        ..Default::default()
    };
    let event = pay::PaymentsEvent {
        fact: Some(Fact::IntentCancelled(fact)),
    };
    world.it.hear(PaymentId::fresh(), 1, &event).await.unwrap();
    let after = world.see(&order.order_id).await;
    let states: Vec<pb::DueState> = after.dues.iter().map(pb::Due::state).collect();
    assert_eq!(states, [pb::DueState::Cancelled, pb::DueState::Open]);
    world.start(person, &order, QR).await;
    let after = world.see(&order.order_id).await;
    assert_eq!(after.dues[1].intent_id, intent_of(&after.dues[1].due_id));
    world
        .capture(&after.dues[1], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Paid);
}
