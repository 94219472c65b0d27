use platform::Error;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as members;
use proto::studio::orders::v1 as orders;
use proto::studio::orders::v1::PaymentMethod;
use proto::studio::payments::v1 as payments;
use proto::studio::payments::v1::payments_event::Fact;
use proto::studio::refunds::v1 as pb;
use proto::studio::wallet::v1 as wallet;
use tonic::{Code, Status};

use crate::peers::Instead;
use crate::world::{Sale, World, approve, code, id, minor, money, open, reason};

fn resume(case: &pb::RefundCase) -> pb::ResumeCaseRequest {
    pb::ResumeCaseRequest {
        request_id: id(),
        case_id: case.case_id.clone(),
        version: case.version,
    }
}

pub async fn arrives(world: &World, leg_id: &str) {
    let fact = payments::RefundSucceeded {
        leg_id: leg_id.to_owned(),
        ..payments::RefundSucceeded::default()
    };
    world.hear(Fact::RefundSucceeded(fact)).await;
    world.it.settle().await;
}

async fn bounces(world: &World, leg_id: &str) {
    let why = "CLOSED".to_owned();
    let fact = payments::RefundBounced {
        leg_id: leg_id.to_owned(),
        why,
        ..payments::RefundBounced::default()
    };
    world.hear(Fact::RefundBounced(fact)).await;
    world.it.settle().await;
}

/// The newest try that payments was asked for.
pub fn latest_try(world: &World, known: &[String]) -> String {
    world
        .below()
        .refunds
        .keys()
        .find(|leg| !known.contains(leg))
        .cloned()
        .unwrap()
}

fn by_channel(world: &World, minor: i64) -> Sale {
    world.sold_for(&[(minor, PaymentMethod::WechatNative)])
}

#[tokio::test]
async fn money_spent_from_the_wallet_goes_back_into_it_and_the_order_and_the_card_are_told() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let case = world.approved(&sale).await;
    assert_eq!(case.state(), pb::CaseState::Approved);
    world.it.settle().await;

    let case = world.see(&case.case_id).await;
    assert_eq!(case.state(), pb::CaseState::Completed);
    assert_eq!(case.legs[0].state(), pb::LegState::Returned);
    {
        let below = world.below();
        let asked = below.returned.values().next().unwrap();
        assert_eq!(
            (&asked.due_id, asked.amount.clone()),
            (&sale.dues[0], Some(money(10_000)))
        );
        assert_eq!(below.recorded[&case.case_id].amount, Some(money(10_000)));
        assert!(below.revoked[&case.case_id].whole_card);
    }
    let told = [
        "refund_requested",
        "refund_approved",
        "refund_leg_returned",
        "refund_completed",
    ];
    assert_eq!(world.told().await, told);
}

#[tokio::test]
async fn a_part_goes_back_and_takes_back_its_part_of_the_uses() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let part = pb::OpenCaseRequest {
        requested_amount: Some(money(3_000)),
        ..open(&sale)
    };
    let case_id = world
        .member(sale.person)
        .open_case(part)
        .await
        .unwrap()
        .into_inner()
        .case_id;
    let case = world.see(&case_id).await;
    world.approver().approve_case(approve(&case)).await.unwrap();
    world.visited(&sale, 2);
    world.it.settle().await;
    let below = world.below();
    let revoked = &below.revoked[&case_id];
    assert!(!revoked.whole_card);
    let expected = members::UsesToRevoke {
        benefit_id: sale.benefit.clone(),
        uses: 2,
    };
    assert_eq!(revoked.uses, vec![expected]);
}

#[tokio::test]
async fn money_paid_through_a_channel_is_back_when_the_channel_says_so() {
    let world = World::with_policy().await;
    let case = world.approved(&by_channel(&world, 10_000)).await;
    world.it.settle().await;
    let waiting = world.see(&case.case_id).await;
    assert_eq!(
        (waiting.state(), waiting.legs[0].state()),
        (pb::CaseState::Returning, pb::LegState::Sent)
    );
    assert_eq!(world.below().recorded.len(), 0);
    arrives(&world, &latest_try(&world, &[])).await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
}

#[tokio::test]
async fn an_end_told_twice_counts_once() {
    let world = World::with_policy().await;
    let case = world.approved(&by_channel(&world, 10_000)).await;
    world.it.settle().await;
    let leg = latest_try(&world, &[]);
    arrives(&world, &leg).await;
    arrives(&world, &leg).await;
    bounces(&world, &leg).await;
    arrives(&world, &id()).await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
    assert_eq!(
        world
            .told()
            .await
            .iter()
            .filter(|kind| *kind == "refund_leg_returned")
            .count(),
        1
    );
}

#[tokio::test]
async fn each_part_goes_back_to_where_it_came_from_and_the_last_completes() {
    let world = World::with_policy().await;
    let sale = world.sold_for(&[
        (6_000, PaymentMethod::Wallet),
        (4_000, PaymentMethod::WechatNative),
    ]);
    let case = world.approved(&sale).await;
    world.it.settle().await;
    let half = world.see(&case.case_id).await;
    let legs: Vec<_> = half
        .legs
        .iter()
        .map(|l| (l.route(), l.state(), minor(l.amount.clone())))
        .collect();
    let expected = vec![
        (pb::LegRoute::Wallet, pb::LegState::Returned, 6_000),
        (pb::LegRoute::Channel, pb::LegState::Sent, 4_000),
    ];
    assert_eq!((half.state(), legs), (pb::CaseState::Returning, expected));
    arrives(&world, &latest_try(&world, &[])).await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
}

#[tokio::test]
async fn a_refund_that_bounces_waits_for_a_named_person_and_is_sent_as_a_new_try() {
    let world = World::with_policy().await;
    let sale = by_channel(&world, 10_000);
    let case = world.approved(&sale).await;
    world.it.settle().await;
    let first = latest_try(&world, &[]);
    bounces(&world, &first).await;
    let stuck = world.see(&case.case_id).await;
    assert_eq!(
        (stuck.state(), stuck.stuck_why.as_str()),
        (pb::CaseState::Stuck, "CLOSED")
    );
    let queue = pb::ListCasesRequest {
        state: pb::CaseState::Stuck.into(),
        ..pb::ListCasesRequest::default()
    };
    assert_eq!(
        world
            .clerk()
            .list_cases(queue)
            .await
            .unwrap()
            .into_inner()
            .cases
            .len(),
        1
    );

    assert_eq!(
        code(world.member(sale.person).resume_case(resume(&stuck)).await),
        Code::PermissionDenied
    );
    world.clerk().resume_case(resume(&stuck)).await.unwrap();
    let named = testkit::staff_person(Role::RefundClerk, world.chain.chaoyang).to_string();
    assert_eq!(world.see(&case.case_id).await.owner_person_id, named);
    world.it.settle().await;
    let second = latest_try(&world, std::slice::from_ref(&first));
    arrives(&world, &first).await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Returning);
    arrives(&world, &second).await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
    assert!(world.told().await.contains(&"refund_resumed".to_owned()));
}

#[tokio::test]
async fn only_a_stuck_case_is_resumed() {
    let world = World::with_policy().await;
    let case = world.approved(&by_channel(&world, 10_000)).await;
    assert_eq!(
        reason(world.clerk().resume_case(resume(&case)).await),
        "WRONG_STATE"
    );
}

#[tokio::test]
async fn a_definite_no_of_the_wallet_is_stuck_and_not_tried_for_ever() {
    let world = World::with_policy().await;
    let refusal = Instead::Refuse(Error::wrong_state("spend", "returned").to_status("studio.wallet"));
    world.peers.instead::<wallet::ReturnSpendRequest>([refusal]);
    let case = world.approved(&world.sold(10_000)).await;
    world.it.settle().await;
    let stuck = world.see(&case.case_id).await;
    assert_eq!(
        (stuck.state(), stuck.legs[0].state()),
        (pb::CaseState::Stuck, pb::LegState::Bounced)
    );
    world.clerk().resume_case(resume(&stuck)).await.unwrap();
    world.it.settle().await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
}

#[tokio::test]
async fn a_lost_answer_is_asked_again_under_the_same_ids() {
    let world = World::with_policy().await;
    world
        .peers
        .instead::<wallet::ReturnSpendRequest>([Instead::LoseTheAnswer, Instead::LoseTheAnswer]);
    world
        .peers
        .instead::<orders::RecordRefundRequest>([Instead::LoseTheAnswer]);
    world
        .peers
        .instead::<members::RevokeBenefitsRequest>([Instead::LoseTheAnswer]);
    let case = world.approved(&world.sold(10_000)).await;
    world.it.settle().await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
    let below = world.below();
    assert_eq!(
        (below.returned.len(), below.recorded.len(), below.revoked.len()),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn what_is_no_definite_no_is_asked_again_without_end() {
    let world = World::with_policy().await;
    let unclear = || {
        let once = [
            Status::permission_denied("a wrong token"),
            Status::failed_precondition("no reason"),
            Status::unimplemented("an older version"),
        ];
        (0..7).flat_map(move |_| once.clone()).map(Instead::Refuse)
    };
    world.peers.instead::<wallet::ReturnSpendRequest>(unclear());
    world.peers.instead::<orders::RecordRefundRequest>(unclear());
    let case = world.approved(&world.sold(10_000)).await;
    for _ in 0..8 {
        world.it.settle().await;
        assert_eq!(world.count("tasks where state = 'parked'").await, 0);
        world.it.advance(std::time::Duration::from_mins(2));
    }
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
    assert_eq!(world.below().returned.len(), 1);
}

#[tokio::test]
async fn a_crash_between_the_remote_call_and_the_commit_moves_nothing_twice() {
    for table in ["legs", "cases"] {
        let world = World::with_policy().await;
        let case = world.approved(&world.sold(10_000)).await;
        world.crash_once_at(table).await;
        world.it.settle().await;
        assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
        assert_eq!(world.below().returned.len(), 1);
        let told = world.told().await;
        assert_eq!(
            told.iter().filter(|kind| *kind == "refund_leg_returned").count(),
            1
        );
    }
}

#[tokio::test]
async fn an_order_that_refuses_the_record_leaves_the_case_stuck_until_it_goes_on() {
    let world = World::with_policy().await;
    let refusal = Instead::Refuse(Error::wrong_state("order", "paid").to_status("studio.orders"));
    world.peers.instead::<orders::RecordRefundRequest>([refusal]);
    let case = world.approved(&world.sold(10_000)).await;
    world.it.settle().await;
    let stuck = world.see(&case.case_id).await;
    assert_eq!(
        (stuck.state(), stuck.legs[0].state()),
        (pb::CaseState::Stuck, pb::LegState::Returned)
    );
    let reply = world
        .clerk()
        .resume_case(resume(&stuck))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.state(), pb::CaseState::Settling);
    world.it.settle().await;
    assert_eq!(world.see(&case.case_id).await.state(), pb::CaseState::Completed);
    assert_eq!(world.below().returned.len(), 1);
}

#[tokio::test]
async fn several_partial_refunds_stop_at_what_was_paid() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    for amount in [4_000, 6_000] {
        let part = pb::OpenCaseRequest {
            requested_amount: Some(money(amount)),
            ..open(&sale)
        };
        let case_id = world
            .member(sale.person)
            .open_case(part)
            .await
            .unwrap()
            .into_inner()
            .case_id;
        let case = world.see(&case_id).await;
        world.approver().approve_case(approve(&case)).await.unwrap();
        world.it.settle().await;
    }
    assert_eq!(
        reason(world.clerk().open_case(open(&sale)).await),
        "ABOVE_REFUNDABLE"
    );
    let sums: (i64, i64, i64) =
        sqlx::query_as("select paid_minor, reserved_minor, returned_minor from due_refunds")
            .fetch_one(world.it.pool())
            .await
            .unwrap();
    assert_eq!(sums, (10_000, 0, 10_000));
}
