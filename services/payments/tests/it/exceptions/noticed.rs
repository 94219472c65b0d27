//! What the system notices, and what a channel's proof ends.

use std::time::Duration;

use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use testkit::wechat::{Fails, Fault, Operation, Script};

use super::{ANSWER, answered, get, here, list, member, only, open};
use crate::books::{Books, the_day};
use crate::world::{PRICE, World, fen};

const LIFE: Duration = Duration::from_secs(901);

/// What the member reads as the answer.
async fn told(world: &World, intent: &pb::Intent, case: &pb::Exception) -> String {
    let read = get(member(world, intent), &case.exception_id).await.unwrap();
    let answers = read.entries.into_iter();
    let mut answers = answers.filter(|entry| entry.kind() == pb::ExceptionEntryKind::Answered);
    let answer = answers.next().map(|entry| entry.text).unwrap_or_default();
    assert_eq!(answers.next(), None, "one answer");
    answer
}

#[tokio::test]
async fn a_second_charge_is_a_case_that_goes_back_by_itself_and_is_answered() {
    let world = World::open().await;
    let intent = world.intent().await;
    let first = world.qr(&intent).await;
    world.later(LIFE).await;
    let second = world.qr(&intent).await;
    world.pay(&second).await;
    world.sim.pay_late(&first.channel_number).unwrap();
    world.callbacks_done().await;
    let case = only(&world).await;
    assert_eq!(
        (case.r#type(), case.origin(), case.advised()),
        (
            pb::ExceptionType::DuplicateCharge,
            pb::ExceptionOrigin::IsolatedMoney,
            pb::Remedy::SendBack
        )
    );
    assert_eq!(
        (&case.attempt_id, &case.exception_number, case.amount.clone()),
        (&first.attempt_id, &first.channel_number, Some(fen(PRICE)))
    );
    world.refunds_done().await;
    let case = only(&world).await;
    assert_eq!(
        (case.state(), case.remedy(), case.proven),
        (pb::ExceptionState::Closed, pb::Remedy::SendBack, true)
    );
    assert!(told(&world, &intent, &case).await.contains("原路退回"));
    assert_eq!(world.sim.refunds().len(), 1);
    world.run_again("return_isolated").await;
    for fact in ["exception_opened", "exception_answered"] {
        assert_eq!(world.facts(fact).await, 1, "{fact}");
    }
}

#[tokio::test]
async fn late_money_is_paid_and_not_credited_and_its_case_ends_when_it_is_back() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.cancel(&intent).await.unwrap();
    world.pay(&attempt).await;
    assert_eq!(only(&world).await.r#type(), pb::ExceptionType::PaidNotCredited);
    world.refunds_done().await;
    assert_eq!(only(&world).await.state(), pb::ExceptionState::Closed);
}

#[tokio::test]
async fn money_that_comes_after_an_answer_begins_the_case_anew() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.later(LIFE).await;
    let case = open(member(&world, &intent), &attempt.attempt_id).await.unwrap();
    let staff = || here(&world, Role::FinanceStaff);
    super::take(staff(), &case).await.unwrap();
    super::propose(staff(), &case, pb::Remedy::Explain).await.unwrap();
    super::answer(staff(), &case).await.unwrap();
    world.sim.pay_late(&attempt.channel_number).unwrap();
    world.callbacks_done().await;
    let anew = only(&world).await;
    assert_eq!((anew.reopened, anew.advised()), (1, pb::Remedy::SendBack));
    assert_eq!(anew.exception_id, case.exception_id);
    world.refunds_done().await;
    let ended = only(&world).await;
    assert_eq!(
        (ended.state(), ended.remedy()),
        (pb::ExceptionState::Closed, pb::Remedy::SendBack)
    );
}

/// The channel is silent about one number until it is asked for the last time.
async fn unknown(world: &World) -> (pb::Intent, pb::Attempt) {
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    let silent = |call| Fault {
        call,
        how: Fails::SystemError,
        times: 10_000,
    };
    let script = Script {
        lose_callback: true,
        faults: vec![silent(Operation::Query), silent(Operation::Close)],
        ..Script::default()
    };
    world.sim.script(&attempt.channel_number, script).unwrap();
    world.pay(&attempt).await;
    world.later(LIFE).await;
    world.later(Duration::from_mins(10)).await;
    let request = pb::ListExceptionsRequest::default();
    assert_eq!(list(here(world, Role::Technician), request).await, []);
    for _ in 0..3 {
        world.later(Duration::from_mins(10)).await;
    }
    (intent, attempt)
}

#[tokio::test]
async fn an_attempt_that_stays_unknown_for_twice_its_life_is_the_technicians_until_it_is_known() {
    let world = World::open().await;
    let (intent, attempt) = unknown(&world).await;
    let case = only(&world).await;
    assert_eq!(
        (case.origin(), case.owner_role(), case.advised()),
        (
            pb::ExceptionOrigin::UnknownAttempt,
            Role::Technician,
            pb::Remedy::Credit
        )
    );
    assert_eq!(world.facts("exception_opened").await, 1);
    world
        .sim
        .script(&attempt.channel_number, Script::default())
        .unwrap();
    world.later(Duration::from_mins(10)).await;
    let paid = world.attempt(&attempt.attempt_id).await.state();
    assert_eq!(paid, pb::AttemptState::Paid);
    let case = only(&world).await;
    assert_eq!(
        (case.state(), case.remedy(), case.proven),
        (pb::ExceptionState::Closed, pb::Remedy::Credit, true)
    );
    assert!(told(&world, &intent, &case).await.contains("已到账"));
}

#[tokio::test]
async fn who_has_no_answer_in_time_is_told_of_once() {
    let world = World::open().await;
    let (_, case) = super::opened(&world).await;
    world.later(Duration::from_hours(23)).await;
    assert_eq!(world.facts("exception_overdue").await, 0);
    world.later(Duration::from_hours(1)).await;
    let late = pb::ListExceptionsRequest {
        overdue: true,
        ..Default::default()
    };
    let listed = list(here(&world, Role::FinanceSupervisor), late.clone()).await;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].overdue);
    world.run_again("watch_exception").await;
    assert_eq!(world.facts("exception_overdue").await, 1);
    let staff = || here(&world, Role::FinanceStaff);
    super::take(staff(), &case).await.unwrap();
    super::propose(staff(), &case, pb::Remedy::Explain).await.unwrap();
    super::answer(staff(), &case).await.unwrap();
    assert_eq!(list(staff(), late).await, []);
}

#[tokio::test]
async fn an_answer_in_time_rings_nobody_and_a_reopened_case_has_a_time_of_its_own() {
    let world = World::open().await;
    let (intent, case) = answered(&world).await;
    assert_eq!(told(&world, &intent, &case).await, ANSWER);
    world.later(Duration::from_hours(23)).await;
    super::reopen(member(&world, &intent), &case).await.unwrap();
    world.later(Duration::from_hours(2)).await;
    assert_eq!(world.facts("exception_overdue").await, 0);
    world.later(Duration::from_hours(23)).await;
    assert_eq!(world.facts("exception_overdue").await, 1);
}

#[tokio::test]
async fn money_that_only_the_bill_tells_of_is_the_supervisors_case() {
    let world = World::open().await;
    let day = the_day(&world);
    let mut books = Books::agreeing(day, 5);
    books.sales[1].paid = false;
    let number = books.sales[1].number();
    books.write(&world, &[day]).await;
    world.it.settle().await;
    let case = only(&world).await;
    assert_eq!(
        (case.exception_number.as_str(), case.origin(), case.owner_role()),
        (
            number.as_str(),
            pb::ExceptionOrigin::Difference,
            Role::FinanceSupervisor
        )
    );
    assert_eq!(case.r#type(), pb::ExceptionType::PaidNotCredited);
    assert_eq!(
        case.advised(),
        pb::Remedy::SendBack,
        "its intent takes no money any more"
    );
    assert_eq!(world.facts("exception_opened").await, 1);
}
