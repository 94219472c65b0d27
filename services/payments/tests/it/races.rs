use std::time::Duration;

use futures::future::join_all;
use kernel::RefundLegId;
use proto::studio::payments::v1 as pb;
use testkit::wechat::Script;

use crate::world::{PRICE, World, request_id};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_callers_of_one_due_get_one_intent_and_one_attempt() {
    let world = World::open().await;
    let asked = world.asked();
    let intents = join_all((0..16).map(|_| {
        world.create(pb::CreateIntentRequest {
            request_id: request_id(),
            ..asked.clone()
        })
    }))
    .await;
    let intent = intents[0].as_ref().unwrap();
    assert!(
        intents
            .iter()
            .all(|i| i.as_ref().unwrap().intent_id == intent.intent_id)
    );
    let attempts = join_all((0..16).map(|_| world.start(intent))).await;
    let first = attempts[0].as_ref().unwrap();
    assert!(
        attempts
            .iter()
            .all(|a| a.as_ref().unwrap().attempt_id == first.attempt_id)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callback_and_poll_at_the_same_moment_capture_once() {
    let world = World::open().await;
    for _ in 0..5 {
        world.sim.script_next(Script {
            duplicate_callback: 5,
            ..Script::default()
        });
        let intent = world.intent().await;
        let attempt = world.qr(&intent).await;
        world.sim.pay(&attempt.channel_number).unwrap();
        world.it.advance(Duration::from_secs(3));
        tokio::join!(world.it.settle(), world.callbacks_done());
        assert_eq!(
            world.attempt(&attempt.attempt_id).await.state(),
            pb::AttemptState::Paid
        );
    }
    assert_eq!(world.facts("payment_captured").await, 5);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_payment_that_crosses_the_close_counts_or_goes_back_and_never_both() {
    let world = World::open().await;
    for pause in [0, 2, 5, 10, 20] {
        let intent = world.intent().await;
        let attempt = world.qr(&intent).await;
        world.it.advance(Duration::from_secs(901));
        let crossing = async {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            world.sim.pay_late(&attempt.channel_number).unwrap();
        };
        tokio::join!(world.it.settle(), crossing);
        world.callbacks_done().await;
        world.refunds_done().await;
        let captured = world.attempt(&attempt.attempt_id).await.state() == pb::AttemptState::Paid;
        assert_eq!(
            world.intent_now(&intent).await.state() == pb::IntentState::Paid,
            captured
        );
    }
    assert_eq!(
        world.facts("payment_captured").await + world.facts("money_returned").await,
        5
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancel_against_payment_lets_one_of_them_win() {
    let world = World::open().await;
    for _ in 0..5 {
        let intent = world.intent().await;
        let attempt = world.qr(&intent).await;
        world.sim.pay(&attempt.channel_number).unwrap();
        let (cancelled, ()) = tokio::join!(world.cancel(&intent), world.callbacks_done());
        world.refunds_done().await;
        let state = world.attempt(&attempt.attempt_id).await.state();
        let expected = if cancelled.is_ok() {
            pb::AttemptState::Isolated
        } else {
            pb::AttemptState::Paid
        };
        assert_eq!(state, expected);
    }
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_refunds_at_once_never_exceed_the_payment() {
    let world = World::open().await;
    let payment = world.payment().await;
    let part = PRICE / 5;
    let asked = join_all((0..16).map(|_| world.refund(&payment, RefundLegId::fresh(), part))).await;
    assert_eq!(asked.iter().filter(|r| r.is_ok()).count(), 5);
    world.refunds_done().await;
    let sent: i64 = world
        .sim
        .refunds()
        .iter()
        .map(|r| r["amount"]["refund"].as_i64().unwrap())
        .sum();
    assert_eq!(sent, part * 5);
    assert!(sent <= PRICE);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_calls_for_one_leg_reserve_once() {
    let world = World::open().await;
    let payment = world.payment().await;
    let leg = RefundLegId::fresh();
    let asked = join_all((0..16).map(|_| world.refund(&payment, leg, 1_000))).await;
    assert!(asked.iter().all(Result::is_ok));
    world.refunds_done().await;
    assert_eq!(world.sim.refunds().len(), 1);
    world.books_balance().await;
}
