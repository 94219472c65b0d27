use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1::payments_event::Fact as Payment;
use proto::studio::payments::v1::{IntentExpired, PaymentsEvent, Purpose};
use proto::studio::wallet::v1 as pb;
use std::time::Duration;
use testkit::{At, Identity};

use crate::world::{World, id, minor, post, reason, recharges};

#[tokio::test]
async fn a_recharge_is_received_audited_by_finance_and_only_then_spendable() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.received(person, 50_000, 50_000).await;
    assert_eq!(recharge.state(), pb::RechargeState::Received);
    assert_eq!(recharge.comparison(), pb::Comparison::Equal);
    assert_eq!(recharge.channel_transaction, "4200001");
    assert!(recharge.focus_reasons.is_empty());

    let purse = world.purse(person).await;
    assert_eq!((minor(purse.spendable), minor(purse.pending)), (0, 50_000));
    assert_eq!(
        reason(world.orders().spend(world.spend(person, 1)).await),
        "INSUFFICIENT_FUNDS"
    );

    let reply = world
        .auditor()
        .post_recharge(post(&recharge))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (reply.state(), minor(reply.balance)),
        (pb::RechargeState::Posted, 50_000)
    );
    let purse = world.purse(person).await;
    assert_eq!((minor(purse.spendable), minor(purse.pending)), (50_000, 0));
    assert_eq!(purse.lots[0].payment_id, recharge.payment_id);
    world.orders().spend(world.spend(person, 50_000)).await.unwrap();
    world.books_agree().await;
}

#[tokio::test]
async fn every_step_of_a_recharge_is_told_as_a_fact() {
    let world = World::open().await;
    let person = world.member().await;
    world.recharged(person, 50_000).await;
    let kinds: Vec<String> = sqlx::query_scalar("select type from outbox order by id")
        .fetch_all(world.it.pool())
        .await
        .unwrap();
    let expected = [
        "wallet_opened",
        "recharge_applied",
        "recharge_accepted",
        "recharge_received",
        "recharge_posted",
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn the_member_never_checks_an_own_application() {
    let world = World::open().await;
    let at: At = world.chain.chaoyang.into();
    let recharge = world.applied(world.member().await, 50_000).await;
    let ask = || pb::AcceptRechargeRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id.clone(),
        version: 1,
    };
    let own = Identity::posts(
        recharge.person_id.parse().unwrap(),
        &[(Role::RechargeSpecialist, at)],
    );
    assert_eq!(
        reason(recharges(world.it.door(own)).accept_recharge(ask()).await),
        "SAME_PERSON"
    );
    world.specialist().accept_recharge(ask()).await.unwrap();
    assert_eq!(
        reason(world.specialist().accept_recharge(ask()).await),
        "VERSION_CONFLICT"
    );
}

#[tokio::test]
async fn a_member_applies_for_themselves_alone_and_staff_within_reach() {
    let world = World::open().await;
    let (person, other) = (world.member().await, world.member().await);
    let ask = world.application(other, 50_000);
    assert_eq!(
        reason(recharges(world.it.as_member(person)).apply_recharge(ask).await),
        "NOT_FOUND"
    );
    let elsewhere = recharges(world.it.as_staff(Role::FrontDesk, world.chain.haidian));
    let ask = world.application(person, 50_000);
    assert_eq!(reason(elsewhere.clone().apply_recharge(ask).await), "NOT_FOUND");
    let there = pb::ApplyRechargeRequest {
        studio_id: world.chain.haidian.to_string(),
        ..world.application(person, 50_000)
    };
    elsewhere.clone().apply_recharge(there).await.unwrap();
}

#[tokio::test]
async fn staff_wait_for_the_registration_that_says_where_a_person_belongs() {
    let world = World::open().await;
    let desk = recharges(world.it.as_staff(Role::FrontDesk, world.chain.haidian));
    let person = PersonId::fresh();
    let ask = pb::ApplyRechargeRequest {
        studio_id: world.chain.haidian.to_string(),
        ..world.application(person, 50_000)
    };
    let early = desk.clone().apply_recharge(ask.clone()).await.unwrap_err();
    assert!(String::from_utf8_lossy(early.details()).contains("google.rpc.RetryInfo"));
    assert_eq!(reason(Err::<(), _>(early)), "WALLET_UNKNOWN");
    assert_eq!(world.count("wallets").await, 0);

    world.registered(person).await;
    desk.clone().apply_recharge(ask).await.unwrap();
    let home: uuid::Uuid = sqlx::query_scalar("select home_studio_id from wallets")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(home, world.chain.chaoyang.0);
}

#[tokio::test]
async fn an_application_outside_the_limits_names_them() {
    let world = World::open().await;
    let person = world.member().await;
    for amount in [99, 5_000_001] {
        let ask = world.application(person, amount);
        let answer = recharges(world.it.as_member(person)).apply_recharge(ask).await;
        assert_eq!(reason(answer), "AMOUNT_OUT_OF_RANGE");
    }
    let nowhere = pb::ApplyRechargeRequest {
        studio_id: id(),
        ..world.application(person, 50_000)
    };
    let answer = recharges(world.it.as_member(person))
        .apply_recharge(nowhere)
        .await;
    assert_eq!(reason(answer), "STUDIO_UNKNOWN");
}

/// The code, or who pays inside WeChat, is told to payments by whoever has it.
#[tokio::test]
async fn a_recharge_that_needs_the_payer_gets_an_intent_and_no_try_from_here() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world
        .accepted_by(person, 60_000, pb::RechargeMethod::AlipayBarcode)
        .await;
    assert_eq!(recharge.method(), pb::RechargeMethod::AlipayBarcode);
    let ask = pb::StartRechargePaymentRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id.clone(),
    };
    let mut specialist = world.specialist();
    let started = specialist.start_recharge_payment(ask).await.unwrap().into_inner();
    assert!(!started.intent_id.is_empty());
    assert_eq!(
        (started.attempt_id, started.code_url),
        (String::new(), String::new())
    );
    assert_eq!(world.payments.seen().intents.len(), 1);
    assert!(world.payments.seen().attempts.is_empty());
    world.capture(&recharge, 60_000).await.unwrap();
    let received = world.see(&recharge.recharge_id).await;
    assert_eq!(received.state(), pb::RechargeState::Received);
}

#[tokio::test]
async fn only_an_accepted_recharge_can_be_paid_and_it_has_one_intent() {
    let world = World::open().await;
    let person = world.member().await;
    let mut member = recharges(world.it.as_member(person));
    let recharge = world.applied(person, 50_000).await;
    let pay = |of: &pb::Recharge| pb::StartRechargePaymentRequest {
        request_id: id(),
        recharge_id: of.recharge_id.clone(),
    };
    assert_eq!(
        reason(member.start_recharge_payment(pay(&recharge)).await),
        "WRONG_STATE"
    );
    let recharge = world.accepted(person, 60_000).await;
    let ask = pay(&recharge);
    let first = member
        .start_recharge_payment(ask.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        member.start_recharge_payment(ask).await.unwrap().into_inner(),
        first
    );
    let second = member
        .start_recharge_payment(pay(&recharge))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.intent_id, second.intent_id);
    assert!(!first.code_url.is_empty());
    assert_eq!(world.payments.seen().intents.len(), 1);
}

#[tokio::test]
async fn a_cancelled_recharge_takes_its_intent_back() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.paying(person, 50_000).await;
    let ask = pb::CancelRechargeRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id.clone(),
    };
    let reply = recharges(world.it.as_member(person))
        .cancel_recharge(ask)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.state(), pb::RechargeState::Cancelled);
    world.it.settle().await;
    assert_eq!(world.payments.seen().cancelled, vec![recharge.intent_id.clone()]);
}

#[tokio::test]
async fn money_that_comes_after_all_is_kept_for_finance_to_decide() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.paying(person, 50_000).await;
    let ask = pb::CancelRechargeRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id.clone(),
    };
    recharges(world.it.as_member(person))
        .cancel_recharge(ask)
        .await
        .unwrap();
    world.capture(&recharge, 50_000).await.unwrap();
    let recharge = world.see(&recharge.recharge_id).await;
    assert_eq!(recharge.state(), pb::RechargeState::Received);
    assert_eq!(recharge.focus_reasons, vec![i32::from(pb::FocusReason::Late)]);
}

#[tokio::test]
async fn a_received_recharge_can_no_longer_be_cancelled() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.received(person, 50_000, 50_000).await;
    let ask = pb::CancelRechargeRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id,
    };
    let answer = recharges(world.it.as_member(person)).cancel_recharge(ask).await;
    assert_eq!(reason(answer), "WRONG_STATE");
}

#[tokio::test]
async fn a_recharge_that_is_not_paid_in_time_expires() {
    let world = World::open().await;
    let person = world.member().await;
    let (plain, paying) = (
        world.applied(person, 50_000).await,
        world.paying(person, 60_000).await,
    );
    world.it.advance(Duration::from_hours(47));
    world.it.settle().await;
    assert_eq!(
        world.see(&plain.recharge_id).await.state(),
        pb::RechargeState::Applied
    );
    world.it.advance(Duration::from_hours(2));
    world.it.settle().await;
    assert_eq!(
        world.see(&plain.recharge_id).await.state(),
        pb::RechargeState::Expired
    );
    // Payments knows whether money may still come, and tells.
    assert_eq!(
        world.see(&paying.recharge_id).await.state(),
        pb::RechargeState::Accepted
    );
    let fact = IntentExpired {
        intent_id: paying.intent_id.clone(),
        purpose: Purpose::Recharge.into(),
        due_id: paying.due_id.clone(),
        ..IntentExpired::default()
    };
    world
        .hear(PaymentsEvent {
            fact: Some(Payment::IntentExpired(fact)),
        })
        .await
        .unwrap();
    assert_eq!(
        world.see(&paying.recharge_id).await.state(),
        pb::RechargeState::Expired
    );
}

#[tokio::test]
async fn a_payment_for_an_unknown_recharge_is_not_swallowed() {
    let world = World::open().await;
    let mut recharge = world.paying(world.member().await, 50_000).await;
    recharge.due_id = id();
    assert!(world.capture(&recharge, 50_000).await.is_err());
    assert_eq!(world.count("transfers").await, 0);
}
