//! Paying from the wallet: never assumed to have failed.

use kernel::{PersonId, fresh_uuid};
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use proto::studio::wallet::v1::wallet_event::Fact;
use proto::studio::wallet::v1::{WalletEvent, WalletSpent};

use crate::peers::{Trouble, unknown};
use crate::world::{PRICE, World, fen, reason};

const WALLET: pb::PaymentMethod = pb::PaymentMethod::Wallet;

async fn rich(world: &World) -> (PersonId, pb::Order) {
    let person = PersonId::fresh();
    world.peers.seen().wallets.insert(person.to_string(), PRICE);
    (person, world.confirmed(person).await)
}

#[tokio::test]
async fn the_member_pays_from_the_wallet_and_the_card_opens() {
    let world = World::open().await;
    let (person, order) = rich(&world).await;
    world.start(person, &order, WALLET).await;
    let paid = world.see(&order.order_id).await;
    assert_eq!(paid.state(), pb::OrderState::Fulfilled);
    assert_eq!(paid.dues[0].method(), WALLET);
    assert!(paid.dues[0].payment_id.is_empty());
    {
        let seen = world.peers.seen();
        assert_eq!(seen.wallets[&person.to_string()], 0);
        assert_eq!(
            seen.spent[&paid.dues[0].due_id].acting_person_id,
            person.to_string()
        );
    }
    let facts = world.facts(&order.order_id).await;
    assert_eq!(facts[facts.len() - 2..], ["order_paid", "order_fulfilled"]);
}

#[tokio::test]
async fn nobody_but_the_member_pays_from_the_wallet() {
    let world = World::open().await;
    let (_, order) = rich(&world).await;
    for role in [Role::FrontDesk, Role::Sales, Role::CustomerService] {
        let ask = world.payment(&order, WALLET);
        assert_eq!(
            reason(world.staff(role).start_payment(ask).await),
            "MEMBER_MUST_PAY"
        );
    }
    assert!(world.peers.ids("Spend").is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_due_paying_until_the_wallet_has_answered_under_the_same_id() {
    let world = World::open().await;
    let (person, order) = rich(&world).await;
    world
        .peers
        .trouble("Spend", &[Trouble::Lost, Trouble::Before(unknown())]);
    let ask = world.payment(&order, WALLET);
    world.member(person).start_payment(ask).await.unwrap();
    world.it.try_tasks().await;
    let after = world.see(&order.order_id).await;
    assert_eq!(
        (after.state(), after.dues[0].state()),
        (pb::OrderState::Confirmed, pb::DueState::Paying)
    );
    let other = world.payment(&order, pb::PaymentMethod::WechatNative);
    assert_eq!(
        reason(world.member(person).start_payment(other).await),
        "PAYMENT_UNDER_WAY"
    );

    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Fulfilled);
    let ids = world.peers.ids("Spend");
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(world.peers.seen().wallets[&person.to_string()], 0, "spent once");
}

#[tokio::test]
async fn a_wallet_that_stays_silent_is_asked_without_end() {
    let world = World::open().await;
    let (person, order) = rich(&world).await;
    world
        .peers
        .trouble("Spend", &vec![Trouble::Before(unknown()); 20]);
    world.start(person, &order, WALLET).await;
    assert_eq!(
        world.see(&order.order_id).await.dues[0].state(),
        pb::DueState::Paying
    );
    for _ in 0..3 {
        world.it.advance(std::time::Duration::from_mins(2));
        world.it.settle().await;
    }
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Fulfilled);
}

#[tokio::test]
async fn too_little_money_opens_the_due_again_and_another_way_is_free() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    world.start(person, &order, WALLET).await;
    let due = world.see(&order.order_id).await.dues.remove(0);
    assert_eq!(
        (due.state(), due.refusal.as_str()),
        (pb::DueState::Open, "INSUFFICIENT_FUNDS")
    );
    world.peers.seen().wallets.insert(person.to_string(), PRICE + 1);
    world.start(person, &order, WALLET).await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Fulfilled);
    assert_eq!(world.peers.seen().wallets[&person.to_string()], 1);
}

#[tokio::test]
async fn the_wallets_fact_pays_the_order_when_its_answer_never_came() {
    let world = World::open().await;
    let (person, order) = rich(&world).await;
    let ask = world.payment(&order, WALLET);
    world.member(person).start_payment(ask).await.unwrap();
    let due_id = world.see(&order.order_id).await.dues[0].due_id.clone();
    let fact = WalletSpent {
        due_id,
        amount: Some(fen(PRICE)),
        ..Default::default()
    };
    let event = WalletEvent {
        fact: Some(Fact::WalletSpent(fact)),
    };
    world.it.hear(fresh_uuid(), 1, &event).await.unwrap();
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Paid);
    world.it.settle().await;
    let after = world.see(&order.order_id).await;
    assert_eq!(
        (after.state(), after.paid.unwrap().minor),
        (pb::OrderState::Fulfilled, PRICE)
    );
}

#[tokio::test]
async fn changing_from_a_qr_to_the_wallet_takes_the_qr_back_first() {
    let world = World::open().await;
    let person = PersonId::fresh();
    world.peers.seen().wallets.insert(person.to_string(), PRICE);
    let order = world.showing(person).await;
    world.start(person, &order, WALLET).await;
    let after = world.see(&order.order_id).await;
    assert_eq!(after.state(), pb::OrderState::Fulfilled);
    let states: Vec<pb::DueState> = after.dues.iter().map(pb::Due::state).collect();
    assert_eq!(states, [pb::DueState::Cancelled, pb::DueState::Paid]);
    let seen = world.peers.seen();
    assert!(seen.cancelled.contains(&order.dues[0].intent_id));
    assert!(!seen.spent.contains_key(&order.dues[0].due_id));
}

#[tokio::test]
async fn a_qr_that_was_paid_first_is_not_paid_again_from_the_wallet() {
    let world = World::open().await;
    let person = PersonId::fresh();
    world.peers.seen().wallets.insert(person.to_string(), PRICE);
    let order = world.showing(person).await;
    world.peers.seen().paid.insert(order.dues[0].intent_id.clone());
    world.start(person, &order, WALLET).await;
    assert!(world.peers.seen().spent.is_empty());
    world
        .capture(&order.dues[0], PRICE, kernel::PaymentId::fresh())
        .await
        .unwrap();
    world.it.settle().await;
    let after = world.see(&order.order_id).await;
    assert_eq!((after.state(), after.dues.len()), (pb::OrderState::Fulfilled, 1));
}

#[tokio::test]
async fn a_spend_that_comes_after_a_qr_was_paid_stands_on_the_due_it_was_for() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    world.start(person, &order, WALLET).await;
    world.start(person, &order, pb::PaymentMethod::WechatNative).await;
    let dues = world.see(&order.order_id).await.dues;
    let states: Vec<pb::DueState> = dues.iter().map(pb::Due::state).collect();
    assert_eq!(states, [pb::DueState::Cancelled, pb::DueState::Paying]);
    world
        .capture(&dues[1], PRICE, kernel::PaymentId::fresh())
        .await
        .unwrap();

    let fact = WalletSpent {
        due_id: dues[0].due_id.clone(),
        amount: Some(fen(PRICE)),
        ..Default::default()
    };
    let event = WalletEvent {
        fact: Some(Fact::WalletSpent(fact)),
    };
    world.it.hear(fresh_uuid(), 1, &event).await.unwrap();
    world.it.settle().await;
    let after = world.see(&order.order_id).await;
    assert_eq!(after.state(), pb::OrderState::Fulfilled);
    let late = &after.dues[0];
    assert_eq!(
        (late.due_id.as_str(), late.state(), late.method(), late.surplus),
        (
            dues[0].due_id.as_str(),
            pb::DueState::Paid,
            pb::PaymentMethod::Wallet,
            true
        )
    );
    assert_eq!(after.dues.len(), 2);
}
