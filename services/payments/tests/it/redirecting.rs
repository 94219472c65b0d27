//! A refund that hangs at the channel goes to another card of the payer's.

use std::time::Duration;

use futures::future::join_all;
use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::redirection_service_client::RedirectionServiceClient;
use proto::studio::payments::v1::refund_service_client::RefundServiceClient;
use rstest::rstest;
use testkit::wechat::{Fails, Fault, Operation, RefundEnd, Script};
use testkit::{At, Door, Identity};
use tonic::{Code, Status};

use crate::refunding::hanging;
use crate::world::{World, reason, request_id};

const CARD: &str = "6222020200001234";
const HOLDER: &str = "林晓";

fn redirections(door: Door) -> RedirectionServiceClient<Door> {
    RedirectionServiceClient::new(door)
}

fn clerk(world: &World) -> Door {
    world.it.as_staff(Role::RefundClerk, world.chain.chaoyang)
}

fn approver(world: &World) -> Door {
    world.it.as_staff(Role::RefundApprover, world.chain.chaoyang)
}

fn proposal(refund: &pb::Refund) -> pb::ProposeRedirectionRequest {
    pb::ProposeRedirectionRequest {
        request_id: request_id(),
        refund_id: refund.refund_id.clone(),
        bank: "ICBC_DEBIT".to_owned(),
        account_number: CARD.to_owned(),
        holder: HOLDER.to_owned(),
    }
}

async fn propose(who: Door, refund: &pb::Refund) -> Result<pb::Redirection, Status> {
    let reply = redirections(who).propose_redirection(proposal(refund)).await?;
    Ok(reply.into_inner().redirection.unwrap())
}

async fn decide(who: Door, of: &pb::Redirection, confirm: bool) -> Result<pb::Redirection, Status> {
    let request = pb::DecideRedirectionRequest {
        request_id: request_id(),
        redirection_id: of.redirection_id.clone(),
        version: of.version,
        confirm,
    };
    let reply = redirections(who).decide_redirection(request).await?;
    Ok(reply.into_inner().redirection.unwrap())
}

async fn all(world: &World) -> Vec<pb::Redirection> {
    let request = pb::ListRedirectionsRequest::default();
    let reply = redirections(clerk(world))
        .list_redirections(request)
        .await
        .unwrap();
    reply.into_inner().redirections
}

/// Cards that are kept.
async fn cards(world: &World) -> i64 {
    world
        .count(
            "select count(*) from redirections where number is not null and $1 = ''",
            "",
        )
        .await
}

/// The next application for another card goes wrong like this.
fn fails(world: &World, payment: &pb::Payment, how: Fails) {
    let script = Script {
        refund_ends: RefundEnd::Abnormal,
        faults: vec![Fault {
            call: Operation::Apply,
            how,
            times: 1,
        }],
        ..Script::default()
    };
    world.sim.script(&payment.channel_number, script).unwrap();
}

#[tokio::test]
async fn a_refund_that_hangs_goes_to_another_card_when_two_persons_say_so() {
    let world = World::open().await;
    let (_, refund, leg) = hanging(&world).await;
    let proposed = propose(clerk(&world), &refund).await.unwrap();
    assert_eq!(proposed.state(), pb::RedirectionState::Proposed);
    assert_eq!(
        (proposed.bank.as_str(), proposed.number_end.as_str()),
        ("ICBC_DEBIT", "1234")
    );
    world.later(Duration::from_hours(5)).await;
    assert_eq!(
        world.sim.refunds()[0]["status"],
        "ABNORMAL",
        "one person sends nothing anywhere"
    );
    assert_eq!(cards(&world).await, 1);

    let confirmed = decide(approver(&world), &proposed, true).await.unwrap();
    assert_eq!(confirmed.state(), pb::RedirectionState::Confirmed);
    assert!(!confirmed.checker.is_empty() && confirmed.checker != confirmed.maker);
    world.refunds_done().await;
    world.later(Duration::from_hours(5)).await;
    let sent = &world.sim.refunds()[0];
    assert_eq!(
        (&sent["status"], &sent["channel"]),
        (&"SUCCESS".into(), &"OTHER_BANKCARD".into())
    );
    let ended = all(&world).await;
    assert_eq!(ended[0].state(), pb::RedirectionState::Accepted);
    assert!(ended[0].ended_at.is_some());
    assert_eq!(cards(&world).await, 0, "the card is forgotten");
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Succeeded);
    assert_eq!(world.facts("refund_succeeded").await, 1);
    world.books_balance().await;
}

#[tokio::test]
async fn what_is_declined_goes_nowhere_and_another_card_can_be_named() {
    let world = World::open().await;
    let (_, refund, _) = hanging(&world).await;
    let proposed = propose(clerk(&world), &refund).await.unwrap();
    assert_eq!(
        reason(&propose(clerk(&world), &refund).await.unwrap_err()),
        "REDIRECTION_OPEN"
    );
    let declined = decide(approver(&world), &proposed, false).await.unwrap();
    assert_eq!(declined.state(), pb::RedirectionState::Declined);
    assert_eq!(cards(&world).await, 0);
    let twice = decide(approver(&world), &declined, true).await.unwrap_err();
    assert_eq!(reason(&twice), "REDIRECTION_STATE");
    world.later(Duration::from_hours(5)).await;
    assert_eq!(world.sim.refunds()[0]["status"], "ABNORMAL");
    propose(clerk(&world), &refund).await.unwrap();
    assert_eq!(all(&world).await.len(), 2);
}

/// Whatever the answer looks like, the channel is told of one card and the refund
/// goes out once.
#[rstest]
#[case::lost(Fails::DoneButTimeOut)]
#[case::error_although_done(Fails::DoneButSystemError)]
#[case::error(Fails::SystemError)]
#[case::bad_signature(Fails::BadSignature)]
#[tokio::test]
async fn a_doubt_about_the_application_ends_in_one_payment(#[case] how: Fails) {
    let world = World::open().await;
    let (payment, refund, leg) = hanging(&world).await;
    fails(&world, &payment, how);
    let proposed = propose(clerk(&world), &refund).await.unwrap();
    decide(approver(&world), &proposed, true).await.unwrap();
    for _ in 0..3 {
        world.refunds_done().await;
    }
    world.later(Duration::from_hours(5)).await;
    assert_eq!(all(&world).await[0].state(), pb::RedirectionState::Accepted);
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Succeeded);
    assert_eq!(
        (world.sim.refunds().len(), world.facts("refund_succeeded").await),
        (1, 1)
    );
    world.books_balance().await;
}

#[tokio::test]
async fn a_refund_that_ended_meanwhile_is_sent_nowhere_else() {
    let world = World::open().await;
    let (_, refund, leg) = hanging(&world).await;
    let proposed = propose(clerk(&world), &refund).await.unwrap();
    world
        .sim
        .end_refund(&refund.refund_number, RefundEnd::Closed)
        .unwrap();
    world.callbacks_done().await;
    world.it.settle().await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Bounced);
    let late = decide(approver(&world), &proposed, true).await.unwrap_err();
    assert_eq!(reason(&late), "REFUND_NOT_HANGING");
    let other = propose(clerk(&world), &refund).await.unwrap_err();
    assert_eq!(reason(&other), "REFUND_NOT_HANGING");
    decide(approver(&world), &proposed, false).await.unwrap();
}

#[tokio::test]
async fn who_proposed_decides_nothing_under_any_role_and_nobody_reaches_another_studio() {
    let world = World::open().await;
    let (_, refund, _) = hanging(&world).await;
    let both = PersonId::fresh();
    let as_both = |role| {
        world
            .it
            .door(Identity::posts(both, &[(role, At::from(world.chain.chaoyang))]))
    };
    let proposed = propose(as_both(Role::RefundClerk), &refund).await.unwrap();
    for confirm in [true, false] {
        let alone = decide(as_both(Role::RefundApprover), &proposed, confirm)
            .await
            .unwrap_err();
        assert_eq!(reason(&alone), "SAME_PERSON");
    }
    let elsewhere = |role| world.it.as_staff(role, world.chain.xuhui);
    let refused = decide(elsewhere(Role::RefundApprover), &proposed, true)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let refused = propose(elsewhere(Role::RefundClerk), &refund).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let refused = decide(clerk(&world), &proposed, true).await.unwrap_err();
    assert_eq!(reason(&refused), "ROLE_MISSING");
    let stale = pb::Redirection {
        version: proposed.version + 1,
        ..proposed
    };
    let refused = decide(approver(&world), &stale, true).await.unwrap_err();
    assert_eq!(reason(&refused), "VERSION_CONFLICT");
}

#[tokio::test]
async fn every_bad_field_of_a_card_is_named_and_the_card_is_in_no_answer() {
    let world = World::open().await;
    let (_, refund, _) = hanging(&world).await;
    let request = pb::ProposeRedirectionRequest {
        bank: "icbc debit".to_owned(),
        account_number: "6222 0202".to_owned(),
        holder: String::new(),
        ..proposal(&refund)
    };
    let refused = redirections(clerk(&world))
        .propose_redirection(request)
        .await
        .unwrap_err();
    for field in ["bank", "account_number", "holder"] {
        assert!(refused.message().contains(field), "{field}: {refused:?}");
    }
    propose(clerk(&world), &refund).await.unwrap();
    let shown = format!("{:?}", all(&world).await);
    assert!(!shown.contains(CARD) && !shown.contains(HOLDER));
    let kept: i64 =
        sqlx::query_scalar("select count(*) from redirections r where r::text like '%' || $1 || '%'")
            .bind(HOLDER)
            .fetch_one(world.it.pool())
            .await
            .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_cards_named_at_once_one_is_kept_and_decided_once() {
    let world = World::open().await;
    let (_, refund, leg) = hanging(&world).await;
    let named = join_all((0..16).map(|_| propose(clerk(&world), &refund))).await;
    let kept: Vec<_> = named.iter().flatten().collect();
    assert_eq!(kept.len(), 1);
    for refused in named.iter().filter_map(|n| n.as_ref().err()) {
        assert_eq!(reason(refused), "REDIRECTION_OPEN");
    }
    let decided = join_all((0..16).map(|turn| decide(approver(&world), kept[0], turn % 2 == 0))).await;
    let decided: Vec<_> = decided.iter().flatten().collect();
    assert_eq!(decided.len(), 1);
    world.refunds_done().await;
    world.later(Duration::from_hours(5)).await;
    let goes = decided[0].state() == pb::RedirectionState::Confirmed;
    let state = world.refund_now(leg).await.state();
    assert_eq!(state == pb::RefundState::Succeeded, goes);
    world.books_balance().await;
}

#[tokio::test]
async fn refunds_are_listed_by_where_they_stand() {
    let world = World::open().await;
    let (payment, refund, _) = hanging(&world).await;
    let list = async |door: Door, request: pb::ListRefundsRequest| {
        let reply = RefundServiceClient::new(door)
            .list_refunds(request)
            .await
            .unwrap();
        reply.into_inner().refunds
    };
    let abnormal = pb::ListRefundsRequest {
        state: pb::RefundState::Abnormal.into(),
        ..Default::default()
    };
    let here = list(clerk(&world), abnormal.clone()).await;
    assert_eq!(here.len(), 1);
    assert_eq!(here[0].refund_id, refund.refund_id);
    let elsewhere = world.it.as_staff(Role::RefundClerk, world.chain.xuhui);
    assert_eq!(list(elsewhere, abnormal.clone()).await, []);
    let owner: PersonId = payment.person_id.parse().unwrap();
    assert_eq!(list(world.it.as_member(owner), abnormal.clone()).await.len(), 1);
    assert_eq!(list(world.it.as_member(PersonId::fresh()), abnormal).await, []);
    for (method, count) in [(pb::Method::WechatNative, 1), (pb::Method::Cash, 0)] {
        let request = pb::ListRefundsRequest {
            payment_id: payment.payment_id.clone(),
            method: method.into(),
            ..Default::default()
        };
        assert_eq!(list(clerk(&world), request).await.len(), count);
    }
    let succeeded = pb::ListRefundsRequest {
        state: pb::RefundState::Succeeded.into(),
        ..Default::default()
    };
    assert_eq!(list(clerk(&world), succeeded).await, []);
}
