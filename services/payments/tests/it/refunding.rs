use std::time::Duration;

use kernel::{PaymentId, RefundLegId};
use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::wechat::{Fails, Fault, Operation, RefundEnd, Script};
use tonic::{Code, Status};

use crate::world::{PRICE, World, fen, reason, request_id};

/// How refunds of a payment end from now on.
fn script(world: &World, payment: &pb::Payment, refund_ends: RefundEnd) {
    let script = Script {
        refund_ends,
        ..Script::default()
    };
    world.sim.script(&payment.channel_number, script).unwrap();
}

/// The channel brings a refund to its end, and everything that follows happens.
async fn end(world: &World, refund: &pb::Refund, how: RefundEnd) {
    world.sim.end_refund(&refund.refund_number, how).unwrap();
    world.callbacks_done().await;
    world.it.settle().await;
}

/// A refund that the channel could not place and waits for a person there.
pub async fn hanging(world: &World) -> (pb::Payment, pb::Refund, RefundLegId) {
    let payment = world.payment().await;
    script(world, &payment, RefundEnd::Abnormal);
    let leg = RefundLegId::fresh();
    let refund = world.refund(&payment, leg, PRICE).await.unwrap();
    world.refunds_done().await;
    world.later(Duration::from_hours(5)).await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Abnormal);
    (payment, refund, leg)
}

impl World {
    pub async fn refund(
        &self,
        payment: &pb::Payment,
        leg: RefundLegId,
        minor: i64,
    ) -> Result<pb::Refund, Status> {
        let request = pb::RefundRequest {
            request_id: request_id(),
            payment_id: payment.payment_id.clone(),
            leg_id: leg.to_string(),
            amount: Some(fen(minor)),
            reason: "退课".to_owned(),
        };
        Ok(self.refunds().refund(request).await?.into_inner().refund.unwrap())
    }

    pub async fn refund_now(&self, leg: RefundLegId) -> pb::Refund {
        let request = pb::GetRefundRequest {
            leg_id: leg.to_string(),
            ..Default::default()
        };
        self.refunds()
            .get_refund(request)
            .await
            .unwrap()
            .into_inner()
            .refund
            .unwrap()
    }

    /// Waits for the channel and follows refunds to their end.
    pub async fn refunds_done(&self) {
        self.it.settle().await;
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            self.callbacks_done().await;
            self.later(Duration::from_secs(3)).await;
        }
    }
}

#[tokio::test]
async fn a_refund_is_reserved_sent_and_succeeds_when_the_channel_says_so() {
    let world = World::open().await;
    let payment = world.payment().await;
    script(&world, &payment, RefundEnd::Never);
    let leg = RefundLegId::fresh();
    let refund = world.refund(&payment, leg, 100_000).await.unwrap();
    assert_eq!(refund.state(), pb::RefundState::Reserved);
    world.refunds_done().await;
    assert_eq!(
        world.refund_now(leg).await.state(),
        pb::RefundState::Submitted,
        "accepted is not done"
    );
    end(&world, &refund, RefundEnd::Success).await;
    let done = world.refund_now(leg).await;
    assert_eq!(done.state(), pb::RefundState::Succeeded);
    assert!(!done.channel_refund.is_empty());
    assert_eq!(world.facts("refund_succeeded").await, 1);
    let refunded: i64 = world
        .count(
            "select sum(refunded_minor)::bigint from payments where payment_id::text = $1",
            &payment.payment_id,
        )
        .await;
    assert_eq!(refunded, 100_000);
    world.books_balance().await;
}

#[tokio::test]
async fn a_refund_that_the_channel_only_accepted_is_not_done() {
    let world = World::open().await;
    let payment = world.payment().await;
    script(&world, &payment, RefundEnd::Never);
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, PRICE).await.unwrap();
    world.refunds_done().await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Submitted);
    assert_eq!(world.facts("refund_succeeded").await, 0);
    assert_eq!(
        reason(&world.refund(&payment, RefundLegId::fresh(), 1).await.unwrap_err()),
        "REFUND_EXCEEDS_PAYMENT"
    );
    world.books_balance().await;
}

#[tokio::test]
async fn a_leg_is_refunded_once_however_often_it_is_asked_for() {
    let world = World::open().await;
    let payment = world.payment().await;
    let leg = RefundLegId::fresh();
    let first = world.refund(&payment, leg, 100).await.unwrap();
    let again = world.refund(&payment, leg, 100).await.unwrap();
    assert_eq!(
        (&again.refund_id, &again.refund_number),
        (&first.refund_id, &first.refund_number)
    );
    world.refunds_done().await;
    assert_eq!(world.sim.refunds().len(), 1);
    let other = world.refund(&payment, leg, 101).await.unwrap_err();
    assert_eq!(
        (other.code(), reason(&other).as_str()),
        (Code::AlreadyExists, "REFUND_DIFFERS")
    );
    world.books_balance().await;
}

#[tokio::test]
async fn more_than_what_is_left_is_refused() {
    let world = World::open().await;
    let payment = world.payment().await;
    world
        .refund(&payment, RefundLegId::fresh(), PRICE - 1)
        .await
        .unwrap();
    let refused = world.refund(&payment, RefundLegId::fresh(), 2).await.unwrap_err();
    assert_eq!(reason(&refused), "REFUND_EXCEEDS_PAYMENT");
    world.refund(&payment, RefundLegId::fresh(), 1).await.unwrap();
    world.refunds_done().await;
    world.books_balance().await;
}

#[tokio::test]
async fn an_unknown_payment_and_a_year_old_one_are_refused() {
    let world = World::open().await;
    let payment = world.payment().await;
    let nothing = pb::Payment {
        payment_id: PaymentId::fresh().to_string(),
        ..payment.clone()
    };
    assert_eq!(
        reason(&world.refund(&nothing, RefundLegId::fresh(), 1).await.unwrap_err()),
        "NOT_FOUND"
    );
    world.it.advance(Duration::from_hours(366 * 24));
    assert_eq!(
        reason(&world.refund(&payment, RefundLegId::fresh(), 1).await.unwrap_err()),
        "REFUND_TOO_LATE"
    );
}

#[tokio::test]
async fn a_refund_that_the_channel_closed_bounces_and_frees_its_part() {
    let world = World::open().await;
    let payment = world.payment().await;
    script(&world, &payment, RefundEnd::Closed);
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, PRICE).await.unwrap();
    world.refunds_done().await;
    let bounced = world.refund_now(leg).await;
    assert_eq!(
        (bounced.state(), bounced.bounced_why.as_str()),
        (pb::RefundState::Bounced, "CLOSED")
    );
    assert_eq!(world.facts("refund_bounced").await, 1);
    assert_eq!(
        world.refund(&payment, leg, PRICE).await.unwrap().state(),
        pb::RefundState::Bounced
    );
    world.refund(&payment, RefundLegId::fresh(), PRICE).await.unwrap();
    world.books_balance().await;
}

/// Were the part freed, a second refund could go out while a person settles the
/// first at the channel.
#[rstest]
#[case::sent_by_a_person(RefundEnd::Success, pb::RefundState::Succeeded, "refund_succeeded")]
#[case::closed(RefundEnd::Closed, pb::RefundState::Bounced, "refund_bounced")]
#[tokio::test]
async fn an_abnormal_refund_keeps_its_part_until_the_channel_ends_it(
    #[case] how: RefundEnd,
    #[case] ended: pb::RefundState,
    #[case] fact: &str,
) {
    let world = World::open().await;
    let (payment, refund, leg) = hanging(&world).await;
    assert_eq!(world.facts("refund_abnormal").await, 1);
    assert_eq!(
        reason(&world.refund(&payment, RefundLegId::fresh(), 1).await.unwrap_err()),
        "REFUND_EXCEEDS_PAYMENT"
    );
    assert_eq!(
        (world.sim.refunds().len(), world.facts("refund_bounced").await),
        (1, 0)
    );
    world.books_balance().await;
    end(&world, &refund, how).await;
    assert_eq!(world.refund_now(leg).await.state(), ended);
    assert_eq!(world.facts(fact).await, 1);
    world.books_balance().await;
}

/// Acceptance, time-out and error all look alike from here: only the query by
/// the one number tells.
#[rstest]
#[case::time_out(Fails::DoneButTimeOut)]
#[case::error_although_done(Fails::DoneButSystemError)]
#[case::error(Fails::SystemError)]
#[case::bad_signature(Fails::BadSignature)]
#[case::probe(Fails::SignTest)]
#[tokio::test]
async fn a_doubt_about_a_refund_never_sends_it_twice(#[case] how: Fails) {
    let world = World::open().await;
    let payment = world.payment().await;
    let fault = |call| Fault { call, how, times: 1 };
    let faults = vec![fault(Operation::Refund), fault(Operation::QueryRefund)];
    world
        .sim
        .script(
            &payment.channel_number,
            Script {
                faults,
                ..Script::default()
            },
        )
        .unwrap();
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 5_000).await.unwrap();
    for _ in 0..3 {
        world.refunds_done().await;
    }
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Succeeded);
    assert_eq!(world.sim.refunds().len(), 1);
    assert_eq!(world.facts("refund_succeeded").await, 1);
    world.books_balance().await;
}

#[tokio::test]
async fn a_refund_waits_for_funds_and_goes_under_the_same_number() {
    let world = World::open().await;
    let payment = world.payment().await;
    world
        .sim
        .script(
            &payment.channel_number,
            Script {
                refund_not_enough: true,
                ..Script::default()
            },
        )
        .unwrap();
    let leg = RefundLegId::fresh();
    let number = world.refund(&payment, leg, 100).await.unwrap().refund_number;
    world.it.settle().await;
    world.later(Duration::from_secs(61)).await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Submitted);
    world
        .sim
        .script(&payment.channel_number, Script::default())
        .unwrap();
    world.later(Duration::from_secs(61)).await;
    world.later(Duration::from_secs(61)).await;
    world.refunds_done().await;
    world.later(Duration::from_secs(200)).await;
    let done = world.refund_now(leg).await;
    assert_eq!(
        (done.state(), done.refund_number),
        (pb::RefundState::Succeeded, number)
    );
}

#[tokio::test]
async fn a_refund_without_funds_for_a_day_bounces() {
    let world = World::open().await;
    let payment = world.payment().await;
    world
        .sim
        .script(
            &payment.channel_number,
            Script {
                refund_not_enough: true,
                ..Script::default()
            },
        )
        .unwrap();
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 100).await.unwrap();
    world.it.settle().await;
    world.later(Duration::from_secs(86_500)).await;
    let bounced = world.refund_now(leg).await;
    assert_eq!(
        (bounced.state(), bounced.bounced_why.as_str()),
        (pb::RefundState::Bounced, "NOT_ENOUGH")
    );
    world.books_balance().await;
}

#[tokio::test]
async fn a_refund_whose_task_runs_again_is_sent_once() {
    let world = World::open().await;
    let payment = world.payment().await;
    world.refund(&payment, RefundLegId::fresh(), 100).await.unwrap();
    world.refunds_done().await;
    world.run_again("send_refund").await;
    assert_eq!(
        (world.sim.refunds().len(), world.facts("refund_succeeded").await),
        (1, 1)
    );
    world.books_balance().await;
}
