use proto::studio::access::v1::Role;
use proto::studio::payments::v1::payments_event::Fact as Payment;
use proto::studio::payments::v1::{PaymentsEvent, RefundBounced, RefundSucceeded};
use proto::studio::wallet::v1 as pb;
use tonic::Code;

use crate::payments::Refunds;
use crate::world::{World, code, fen, id, post, reason};

pub fn reject(recharge: &pb::Recharge) -> pb::RejectRechargeRequest {
    pb::RejectRechargeRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id.clone(),
        version: recharge.version,
        reason: pb::RejectReason::Suspicious.into(),
        advice: pb::Advice::AskStudio.into(),
        explanation: "the origin of the money is in doubt".to_owned(),
    }
}

pub fn decline(recharge: &pb::Recharge) -> pb::DeclineRechargeRequest {
    pb::DeclineRechargeRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id.clone(),
        version: recharge.version,
        reason: pb::RejectReason::Incomplete.into(),
        advice: pb::Advice::ApplyAgain.into(),
        explanation: "the method is missing".to_owned(),
    }
}

/// The leg under which the money is being sent back.
fn leg(world: &World) -> String {
    world.payments.seen().refunds.keys().next().cloned().unwrap()
}

#[tokio::test]
async fn rejected_money_goes_back_to_the_payer_and_never_to_the_balance() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.received(person, 50_000, 50_000).await;
    let reply = world
        .auditor()
        .reject_recharge(reject(&recharge))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.state(), pb::RechargeState::Returning);
    world.it.settle().await;
    let leg = leg(&world);
    let fact = RefundSucceeded {
        leg_id: leg.clone(),
        amount: fen(50_000),
        ..RefundSucceeded::default()
    };
    world
        .hear(PaymentsEvent {
            fact: Some(Payment::RefundSucceeded(fact)),
        })
        .await
        .unwrap();

    let recharge = world.see(&recharge.recharge_id).await;
    assert_eq!(recharge.state(), pb::RechargeState::Returned);
    assert_eq!(
        (recharge.reject_reason(), recharge.advice()),
        (pb::RejectReason::Suspicious, pb::Advice::AskStudio)
    );
    assert_eq!(world.spendable(person).await, 0);
    let asked = world.payments.seen().refunds[&leg].clone();
    assert_eq!(
        (asked.payment_id, asked.amount),
        (recharge.payment_id, fen(50_000))
    );
    let open: i64 = sqlx::query_scalar(
        "select count(*) from accounts a where a.wallet_id is null and 0 <>
         (select coalesce(sum(case when t.credit_id = a.account_id then t.amount_minor else -t.amount_minor end), 0)
          from transfers t where a.account_id in (t.credit_id, t.debit_id))",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn a_lost_answer_sends_the_money_back_once() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    world.payments.seen().answer_refunds = Refunds::LoseTheAnswer;
    world.auditor().reject_recharge(reject(&recharge)).await.unwrap();
    world.it.settle().await;
    assert_eq!(
        world.see(&recharge.recharge_id).await.state(),
        pb::RechargeState::Returned
    );
    assert!(world.payments.seen().refund_calls > 1);
    assert_eq!(world.payments.seen().refunds.len(), 1);
    assert_eq!(
        world.count("transfers where cause = 'recharge_returned'").await,
        1
    );
}

#[tokio::test]
async fn a_crash_between_the_refund_and_the_commit_returns_the_money_once() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    world.payments.seen().answer_refunds = Refunds::Succeed;
    world.auditor().reject_recharge(reject(&recharge)).await.unwrap();
    let crash = "create sequence crashes;
        create function crash() returns trigger language plpgsql as $$ begin
            if nextval('crashes') = 1 then raise exception 'crash'; end if; return new; end $$;
        grant usage on sequence crashes to public;
        create trigger crash before update on recharges for each row execute function crash();";
    sqlx::raw_sql(crash).execute(world.it.pool()).await.unwrap();
    world.it.settle().await;
    assert_eq!(
        world.see(&recharge.recharge_id).await.state(),
        pb::RechargeState::Returned
    );
    assert_eq!(world.payments.seen().refund_calls, 2);
    assert_eq!(world.payments.seen().refunds.len(), 1);
    assert_eq!(
        world.count("transfers where cause = 'recharge_returned'").await,
        1
    );
}

#[tokio::test]
async fn an_answer_and_its_fact_return_the_money_once() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    world.payments.seen().answer_refunds = Refunds::Succeed;
    world.auditor().reject_recharge(reject(&recharge)).await.unwrap();
    world.it.settle().await;
    let fact = RefundSucceeded {
        leg_id: leg(&world),
        amount: fen(50_000),
        ..RefundSucceeded::default()
    };
    world
        .hear(PaymentsEvent {
            fact: Some(Payment::RefundSucceeded(fact)),
        })
        .await
        .unwrap();
    assert_eq!(
        world.count("transfers where cause = 'recharge_returned'").await,
        1
    );
}

#[tokio::test]
async fn money_that_bounces_waits_for_a_person_and_is_sent_as_a_new_leg() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    world.auditor().reject_recharge(reject(&recharge)).await.unwrap();
    world.it.settle().await;
    let fact = RefundBounced {
        leg_id: leg(&world),
        why: "CLOSED".to_owned(),
        ..RefundBounced::default()
    };
    world
        .hear(PaymentsEvent {
            fact: Some(Payment::RefundBounced(fact)),
        })
        .await
        .unwrap();
    let stuck = world.see(&recharge.recharge_id).await;
    assert_eq!(
        (stuck.state(), stuck.explanation.as_str()),
        (pb::RechargeState::ReturnStuck, "CLOSED")
    );

    let ask = || pb::ResumeReturnRequest {
        request_id: id(),
        recharge_id: stuck.recharge_id.clone(),
        version: stuck.version,
    };
    assert_eq!(
        code(world.specialist().resume_return(ask()).await),
        Code::PermissionDenied
    );
    world.payments.seen().answer_refunds = Refunds::Succeed;
    world.auditor().resume_return(ask()).await.unwrap();
    world.it.settle().await;
    assert_eq!(
        world.see(&stuck.recharge_id).await.state(),
        pb::RechargeState::Returned
    );
    assert_eq!(world.payments.seen().refunds.len(), 2);
}

#[tokio::test]
async fn a_refund_that_payments_refuses_is_stuck_and_not_tried_for_ever() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    world.payments.seen().answer_refunds = Refunds::Refuse;
    world.auditor().reject_recharge(reject(&recharge)).await.unwrap();
    world.it.settle().await;
    assert_eq!(
        world.see(&recharge.recharge_id).await.state(),
        pb::RechargeState::ReturnStuck
    );
    assert_eq!(world.payments.seen().refund_calls, 1);
}

#[tokio::test]
async fn a_refund_that_is_turned_away_is_asked_for_again_without_end() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    world.payments.seen().answer_refunds = Refunds::TurnAway;
    world.auditor().reject_recharge(reject(&recharge)).await.unwrap();
    for _ in 0..3 {
        world.it.settle().await;
        world.it.advance(std::time::Duration::from_mins(2));
    }
    assert_eq!(
        world.see(&recharge.recharge_id).await.state(),
        pb::RechargeState::Returning
    );
    assert!(world.payments.seen().refund_calls > 12);
    world.payments.seen().answer_refunds = Refunds::Succeed;
    world.it.settle().await;
    assert_eq!(
        world.see(&recharge.recharge_id).await.state(),
        pb::RechargeState::Returned
    );
}

#[tokio::test]
async fn the_first_check_declines_what_is_not_paid_and_only_that() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.paying(person, 50_000).await;
    assert_eq!(
        code(world.auditor().decline_recharge(decline(&recharge)).await),
        Code::PermissionDenied
    );
    let reply = world
        .specialist()
        .decline_recharge(decline(&recharge))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.state(), pb::RechargeState::Rejected);
    world.it.settle().await;
    assert_eq!(world.payments.seen().cancelled.len(), 1);
    let received = world.received(person, 60_000, 60_000).await;
    assert_eq!(
        reason(world.specialist().decline_recharge(decline(&received)).await),
        "WRONG_STATE"
    );
}

#[tokio::test]
async fn the_audits_no_needs_an_auditor_and_received_money() {
    let world = World::open().await;
    let person = world.member().await;
    let waiting = world.paying(person, 50_000).await;
    assert_eq!(
        reason(world.auditor().reject_recharge(reject(&waiting)).await),
        "WRONG_STATE"
    );
    let recharge = world.received(person, 60_000, 60_000).await;
    let specialist = world
        .staff(Role::RechargeSpecialist)
        .reject_recharge(reject(&recharge))
        .await;
    assert_eq!(code(specialist), Code::PermissionDenied);
    world.auditor().reject_recharge(reject(&recharge)).await.unwrap();
    let recharge = world.see(&recharge.recharge_id).await;
    assert_eq!(
        reason(world.auditor().post_recharge(post(&recharge)).await),
        "WRONG_STATE"
    );
}
