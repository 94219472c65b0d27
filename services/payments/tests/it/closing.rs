use std::time::Duration;

use proto::studio::payments::v1 as pb;
use testkit::wechat::{Fails, Fault, Operation, RefundEnd, Script};

use crate::world::{World, reason};

const LIFE: Duration = Duration::from_secs(901);

#[tokio::test]
async fn an_unpaid_qr_is_closed_at_its_end_and_another_can_be_shown() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.later(LIFE).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Expired
    );
    assert_eq!(world.sim.orders()[0]["trade_state"], "CLOSED");
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Open);
    let second = world.qr(&intent).await;
    assert_ne!(second.channel_number, attempt.channel_number);
    world.pay(&second).await;
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    world.books_balance().await;
}

#[tokio::test]
async fn an_intent_that_nobody_paid_expires_once() {
    let world = World::open().await;
    let (tried, untried) = (world.intent().await, world.intent().await);
    world.later(Duration::from_secs(7000)).await;
    let attempt = world.qr(&tried).await;
    world.later(Duration::from_mins(5)).await;
    world.later(Duration::from_mins(1)).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Expired
    );
    for intent in [&tried, &untried] {
        assert_eq!(world.intent_now(intent).await.state(), pb::IntentState::Expired);
        assert_eq!(reason(&world.start(intent).await.unwrap_err()), "INTENT_CLOSED");
    }
    assert_eq!(world.facts("intent_expired").await, 2);
}

/// The query before the close leaves a doubt, the close says "paid", and only
/// the query after it tells: that is why there is one.
#[tokio::test]
async fn a_payment_between_the_last_query_and_the_close_counts() {
    let world = World::open().await;
    world.sim.script_next(Script {
        lose_callback: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    let faults = vec![Fault {
        call: Operation::Query,
        how: Fails::SystemError,
        times: 1,
    }];
    world
        .sim
        .script(
            &attempt.channel_number,
            Script {
                faults,
                ..Script::default()
            },
        )
        .unwrap();
    world.later(LIFE).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Paid
    );
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    world.books_balance().await;
}

#[tokio::test]
async fn no_time_out_ends_an_attempt_while_the_channel_is_silent() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    let how = Fails::BadGateway;
    let silent = |call| Fault {
        call,
        how,
        times: 1000,
    };
    let faults = vec![silent(Operation::Query), silent(Operation::Close)];
    world
        .sim
        .script(
            &attempt.channel_number,
            Script {
                faults,
                ..Script::default()
            },
        )
        .unwrap();
    for _ in 0..5 {
        world.later(LIFE).await;
    }
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Closing
    );
    assert_eq!(
        reason(&world.start(&intent).await.unwrap_err()),
        "ATTEMPT_CLOSING"
    );
    world
        .sim
        .script(&attempt.channel_number, Script::default())
        .unwrap();
    world.later(Duration::from_secs(301)).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Expired
    );
}

#[tokio::test]
async fn an_attempt_that_was_paid_with_another_amount_is_asked_about_in_minutes_once_it_ended() {
    let world = World::open().await;
    world.sim.script_next(Script {
        lose_callback: true,
        amount_off_by: -1,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    world.later(LIFE).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Closing
    );
    let next: kernel::Timestamp = sqlx::query_scalar(
        "select min(due_at) from tasks where kind = 'resolve_attempt' and state = 'waiting'",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert!(next - world.it.clock().now() >= chrono::Duration::minutes(1));
}

#[tokio::test]
async fn a_cancelled_intent_closes_its_qr_at_once() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    assert_eq!(
        world.cancel(&intent).await.unwrap().state(),
        pb::IntentState::Cancelled
    );
    world.it.settle().await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Cancelled
    );
    assert_eq!(world.sim.orders()[0]["trade_state"], "CLOSED");
    assert_eq!(
        world.cancel(&intent).await.unwrap().state(),
        pb::IntentState::Cancelled
    );
    assert_eq!(world.facts("intent_cancelled").await, 1);
    assert_eq!(reason(&world.start(&intent).await.unwrap_err()), "INTENT_CLOSED");
}

#[tokio::test]
async fn money_for_a_cancelled_intent_is_isolated_and_goes_back() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.cancel(&intent).await.unwrap();
    world.pay(&attempt).await;
    world.refunds_done().await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Isolated
    );
    assert_eq!(
        world.intent_now(&intent).await.state(),
        pb::IntentState::Cancelled
    );
    assert_eq!(
        world.facts("payment_captured").await,
        0,
        "promised by CancelIntent"
    );
    assert_eq!(
        (
            world.facts("money_isolated").await,
            world.facts("money_returned").await
        ),
        (1, 1)
    );
    assert_eq!(world.sim.refunds().len(), 1);
    assert_eq!(world.sim.refunds()[0]["status"], "SUCCESS");
    world.books_balance().await;
}

#[tokio::test]
async fn money_after_the_close_is_isolated_and_goes_back() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.later(LIFE).await;
    world.sim.pay_late(&attempt.channel_number).unwrap();
    world.callbacks_done().await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Isolated
    );
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Open);
    world.refunds_done().await;
    assert_eq!(world.facts("money_returned").await, 1);
    world.books_balance().await;
}

#[tokio::test]
async fn of_two_payments_for_one_due_the_first_stays_and_the_second_goes_back() {
    let world = World::open().await;
    let intent = world.intent().await;
    let first = world.qr(&intent).await;
    world.later(LIFE).await;
    let second = world.qr(&intent).await;
    world.pay(&second).await;
    world.sim.pay_late(&first.channel_number).unwrap();
    world.callbacks_done().await;
    world.refunds_done().await;
    assert_eq!(
        world.attempt(&second.attempt_id).await.state(),
        pb::AttemptState::Paid
    );
    assert_eq!(
        world.attempt(&first.attempt_id).await.state(),
        pb::AttemptState::Isolated
    );
    let cause = world.count(
        "select count(*) from isolated_money where cause = $1 and state = 'returned'",
        "duplicate",
    );
    assert_eq!(cause.await, 1);
    assert_eq!(world.facts("payment_captured").await, 1);
    let refunds = world.sim.refunds();
    assert_eq!(refunds.len(), 1);
    assert_eq!(refunds[0]["out_trade_no"], first.channel_number.as_str());
    world.books_balance().await;
}

#[tokio::test]
async fn isolated_money_goes_back_once_although_the_answer_was_lost_and_the_task_ran_again() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    let faults = vec![Fault {
        call: Operation::Refund,
        how: Fails::DoneButTimeOut,
        times: 1,
    }];
    world
        .sim
        .script(
            &attempt.channel_number,
            Script {
                faults,
                ..Script::default()
            },
        )
        .unwrap();
    world.cancel(&intent).await.unwrap();
    world.pay(&attempt).await;
    world.refunds_done().await;
    world.run_again("return_isolated").await;
    assert_eq!(world.sim.refunds().len(), 1);
    assert_eq!(world.facts("money_returned").await, 1);
}

/// A dead number that is asked about for ever would leave the money here for ever.
#[tokio::test]
async fn isolated_money_that_the_channel_closed_often_is_parked_and_resumed_under_a_new_number() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.cancel(&intent).await.unwrap();
    world.pay(&attempt).await;
    let ends = |refund_ends| Script {
        refund_ends,
        lose_callback: true,
        ..Script::default()
    };
    world
        .sim
        .script(&attempt.channel_number, ends(RefundEnd::Closed))
        .unwrap();
    let parked = || {
        world.count(
            "select count(*) from tasks where kind = $1 and state = 'parked'",
            "return_isolated",
        )
    };
    world.it.settle().await;
    for _ in 0..20 {
        if parked().await == 1 {
            break;
        }
        world.callbacks_done().await;
        world.later(Duration::from_mins(31)).await;
    }
    assert_eq!(parked().await, 1);
    assert_eq!(world.sim.refunds().len(), 5);
    world
        .sim
        .script(&attempt.channel_number, ends(RefundEnd::Success))
        .unwrap();
    sqlx::query("update tasks set attempts = 0 where kind = 'return_isolated'")
        .execute(world.it.pool())
        .await
        .unwrap();
    world.run_again("return_isolated").await;
    world.callbacks_done().await;
    world.later(Duration::from_hours(1)).await;
    assert_eq!(
        (world.sim.refunds().len(), world.facts("money_returned").await),
        (6, 1)
    );
    world.books_balance().await;
}

/// The channel tells of each refund that it closes: that is no reason to try anew
/// at once, or all tries would be over in a moment.
#[tokio::test]
async fn news_of_a_closed_return_do_not_hasten_the_next_try() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.sim.promise(
        &attempt.channel_number,
        Script {
            refund_ends: RefundEnd::Closed,
            ..Script::default()
        },
    );
    world.cancel(&intent).await.unwrap();
    world.pay(&attempt).await;
    world.it.settle().await;
    for _ in 0..20 {
        world.callbacks_done().await;
        world.later(Duration::from_secs(20)).await;
    }
    assert_eq!(world.sim.refunds().len(), 1, "within ten minutes");
    world.sim.promise(&attempt.channel_number, Script::default());
    world.later(Duration::from_mins(10)).await;
    world.refunds_done().await;
    assert_eq!(
        (world.sim.refunds().len(), world.facts("money_returned").await),
        (2, 1)
    );
    world.books_balance().await;
}

#[tokio::test]
async fn tasks_of_an_attempt_that_run_again_change_nothing() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.run_again("open_attempt").await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.code_url,
        attempt.code_url
    );
    world.pay(&attempt).await;
    world.run_again("open_attempt").await;
    world.run_again("resolve_attempt").await;
    world.run_again("expire_intent").await;
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    assert_eq!(
        (
            world.facts("attempt_opened").await,
            world.facts("payment_captured").await
        ),
        (1, 1)
    );
    world.books_balance().await;
}
