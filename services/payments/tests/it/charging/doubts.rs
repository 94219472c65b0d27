//! Charges of which nobody knows what became.

use std::time::Duration;

use proto::studio::payments::v1 as pb;
use rstest::rstest;

use super::{At, Call, Does, Wrong};
use crate::world::{World, request_id};

#[rstest]
#[tokio::test]
async fn a_charge_without_an_answer_is_found_paid(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    at.next(
        &world,
        Does::Pays,
        &[(Call::Charge, Wrong::Done, 1), (Call::Query, Wrong::Done, 1)],
    );
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    assert_eq!(
        attempt.state(),
        pb::AttemptState::Creating,
        "a doubt is no answer"
    );
    world.while_passes(Duration::from_secs(10)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Paid);
    assert_eq!(at.truth(&world), ["SUCCESS"]);
    world.books_balance().await;
}

/// As after a crash between the commit and the call: nobody has the code any more,
/// and the channel's silence is no proof while a charge may be on its way to it.
#[rstest]
#[tokio::test]
async fn a_charge_that_never_arrived_ends_when_nothing_of_it_can_arrive(
    #[values(At::Wechat, At::Alipay)] at: At,
) {
    let world = World::open().await;
    at.next(&world, Does::Pays, &[(Call::Charge, Wrong::Undone, 1)]);
    let (intent, request) = (world.intent().await, request_id());
    let ask = async || {
        world
            .ask_to_charge(at, &intent, &request, at.code(1))
            .await
            .unwrap()
    };
    let attempt = ask().await;
    world.while_passes(at.life() / 2).await;
    assert_eq!(ask().await.state(), pb::AttemptState::Creating, "asked for again");
    world.while_passes(at.life() + Duration::from_secs(15)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Expired);
    assert!(
        at.truth(&world).is_empty(),
        "a code is charged once, whatever became of it"
    );
    // and the next payer pays
    let next = world.charge(at, &intent, 2).await.unwrap();
    assert_eq!(next.state(), pb::AttemptState::Paid);
    world.books_balance().await;
}

/// A desk that scans once more while it waits charges nothing.
#[rstest]
#[tokio::test]
async fn no_other_code_is_charged_while_a_charge_is_in_doubt(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    at.next(&world, Does::Pays, &[(Call::Charge, Wrong::Undone, 1)]);
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    let other = world.charge(at, &intent, 2).await.unwrap();
    assert_eq!(
        (&other.attempt_id, other.state()),
        (&attempt.attempt_id, pb::AttemptState::Creating)
    );
    assert!(at.truth(&world).is_empty());
}

#[rstest]
#[tokio::test]
async fn a_charge_that_nobody_agrees_to_is_reversed(
    #[values(At::Wechat, At::Alipay)] at: At,
    #[values(&[], &[(Call::Charge, Wrong::Done, 1), (Call::Reverse, Wrong::Undone, 2)])]
    faults: super::Faults,
) {
    let world = World::open().await;
    at.next(&world, Does::Thinks, faults);
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    world.while_passes(at.life() / 2).await;
    assert_eq!(at.truth(&world), [waits(at)]);
    world.while_passes(at.life()).await;
    assert_eq!(at.truth(&world), at.reversed());
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Expired);
    assert!(!at.agree(&world, &attempt), "nobody can pay it any more");
    assert_eq!(at.refunds(&world), 0);
    world.books_balance().await;
}

fn waits(at: At) -> &'static str {
    match at {
        At::Wechat => "USERPAYING",
        At::Alipay => "NOTPAY",
    }
}

#[rstest]
#[tokio::test]
async fn an_intent_that_is_taken_back_has_its_charge_reversed_and_not_too_early(
    #[values(At::Wechat, At::Alipay)] at: At,
) {
    let world = World::open().await;
    at.next(&world, Does::Thinks, &[]);
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    world.cancel(&intent).await.unwrap();
    world.later(Duration::from_secs(1)).await;
    assert_eq!(at.truth(&world), [waits(at)], "channels do not reverse so soon");
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Closing);
    world.while_passes(Duration::from_secs(20)).await;
    assert_eq!(at.truth(&world), at.reversed());
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Cancelled);
    world.books_balance().await;
}

/// Whatever is not answered, a charge ends as the channel's truth says.
#[rstest]
#[tokio::test]
async fn a_paid_charge_that_is_reversed_in_silence_is_no_payment(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    at.next(
        &world,
        Does::Pays,
        &[
            (Call::Charge, Wrong::Done, 1),
            (Call::Query, Wrong::Done, 13),
            (Call::Reverse, Wrong::Done, 1),
        ],
    );
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    world.while_passes(at.life() + Duration::from_secs(30)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Expired);
    assert_eq!(world.facts("payment_captured").await, 0);
    assert_eq!(world.facts("money_isolated").await, 0);
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Open);
    world.books_balance().await;
}
