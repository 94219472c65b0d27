//! Money of members' that may have gone wrong: who hears of it.

use kernel::{fresh_uuid, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::money::v1::Money;
use proto::studio::notifications::v1::ListNoticesRequest;
use proto::studio::notifications::v1::board_service_client::BoardServiceClient;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::payments_event::Fact;

use crate::world::World;

fn event(fact: Fact) -> pb::PaymentsEvent {
    pb::PaymentsEvent { fact: Some(fact) }
}

#[expect(clippy::unnecessary_wraps, reason = "the contract's fields are optional")]
fn seven() -> Option<Money> {
    Some(Money {
        minor: 700,
        currency: "CNY".to_owned(),
    })
}

fn opened(world: &World, origin: pb::ExceptionOrigin) -> pb::PaymentsEvent {
    event(Fact::ExceptionOpened(pb::ExceptionOpened {
        exception_id: fresh_uuid().to_string(),
        exception_number: "A7".to_owned(),
        attempt_id: fresh_uuid().to_string(),
        person_id: world.person.to_string(),
        studio_id: world.studio.to_string(),
        amount: seven(),
        r#type: pb::ExceptionType::DuplicateCharge.into(),
        origin: origin.into(),
        due_at: Some(to_proto_time(world.it.clock().now())),
        reopened: 0,
    }))
}

fn answered(world: &World, origin: pb::ExceptionOrigin, proven: bool) -> pb::PaymentsEvent {
    event(Fact::ExceptionAnswered(pb::ExceptionAnswered {
        exception_id: fresh_uuid().to_string(),
        exception_number: "A7".to_owned(),
        person_id: world.person.to_string(),
        studio_id: world.studio.to_string(),
        remedy: pb::Remedy::SendBack.into(),
        origin: origin.into(),
        proven,
    }))
}

/// What the board shows to a role of the studio.
async fn board(world: &World, role: Role) -> Vec<String> {
    let mut board = BoardServiceClient::new(world.it.as_staff(role, world.studio));
    let listed = board.list_notices(ListNoticesRequest::default()).await.unwrap();
    let notices = listed.into_inner().notices.into_iter();
    notices.map(|notice| notice.template).collect()
}

#[tokio::test]
async fn a_case_is_told_to_its_member_with_the_promise_and_with_the_outcome() {
    let world = World::open().await;
    let member = pb::ExceptionOrigin::Member;
    world
        .tells(opened(&world, member), "exception_opened", &["A7", "¥7.00"])
        .await;
    let outcome = ["A7", "款项按原路退回"];
    world
        .tells(answered(&world, member, true), "exception_answered", &outcome)
        .await;
}

#[tokio::test]
async fn what_goes_back_by_itself_is_told_by_its_return_alone() {
    let world = World::open().await;
    let isolated = pb::ExceptionOrigin::IsolatedMoney;
    world.hears(opened(&world, isolated)).await;
    world.hears(answered(&world, isolated, true)).await;
    let told: i64 = sqlx::query_scalar("select count(*) from messages")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(told, 0);
    for role in [Role::FinanceStaff, Role::Technician] {
        assert_eq!(board(&world, role).await, Vec::<String>::new());
    }
    world
        .tells(answered(&world, isolated, false), "exception_answered", &["A7"])
        .await;
}

#[tokio::test]
async fn other_cases_are_announced_to_finance_and_to_the_technician() {
    let world = World::open().await;
    world
        .hears(opened(&world, pb::ExceptionOrigin::UnknownAttempt))
        .await;
    for role in [Role::FinanceStaff, Role::Technician] {
        assert_eq!(board(&world, role).await, ["exception_announced"], "{role:?}");
    }
}

#[tokio::test]
async fn a_member_without_an_answer_in_time_is_the_supervisors_and_the_technicians() {
    let world = World::open().await;
    let overdue = pb::ExceptionOverdue {
        exception_id: fresh_uuid().to_string(),
        exception_number: "A7".to_owned(),
        studio_id: world.studio.to_string(),
        amount: seven(),
        r#type: pb::ExceptionType::PaidNotCredited.into(),
        due_at: Some(to_proto_time(world.it.clock().now())),
    };
    world.hears(event(Fact::ExceptionOverdue(overdue))).await;
    for role in [Role::FinanceSupervisor, Role::Technician] {
        assert_eq!(board(&world, role).await, ["exception_overdue"], "{role:?}");
    }
    assert_eq!(board(&world, Role::FrontDesk).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_desk_found_wrong_is_the_supervisors_and_the_technicians_at_once_and_once() {
    let world = World::open().await;
    let case = fresh_uuid().to_string();
    let found = pb::PaymentAnomalyFound {
        payment_id: fresh_uuid().to_string(),
        exception_id: case.clone(),
        exception_number: "A7".to_owned(),
        person_id: world.person.to_string(),
        studio_id: world.studio.to_string(),
        amount: seven(),
        anomaly: pb::PaymentAnomaly::WrongPerson.into(),
        reported_at: Some(to_proto_time(world.it.clock().now())),
    };
    let mut opened = opened(&world, pb::ExceptionOrigin::Desk);
    if let Some(Fact::ExceptionOpened(opened)) = &mut opened.fact {
        opened.r#type = pb::ExceptionType::Mismatch.into();
        opened.exception_id = case;
    }
    world.hears(opened).await;
    world.hears(event(Fact::PaymentAnomalyFound(found))).await;
    for role in [Role::FinanceSupervisor, Role::FinanceStaff, Role::Technician] {
        assert_eq!(board(&world, role).await, ["payment_anomaly"], "{role:?}");
    }
}

#[tokio::test]
async fn another_code_on_a_counter_is_the_supervisors_and_the_technicians() {
    let world = World::open().await;
    let found = pb::CounterCodeMismatched {
        code_id: fresh_uuid().to_string(),
        studio_id: world.studio.to_string(),
        place: "前台左".to_owned(),
        found_at: Some(to_proto_time(world.it.clock().now())),
    };
    world.hears(event(Fact::CounterCodeMismatched(found))).await;
    for role in [Role::FinanceSupervisor, Role::Technician] {
        assert_eq!(board(&world, role).await, ["counter_code_mismatched"], "{role:?}");
    }
    assert_eq!(board(&world, Role::FrontDesk).await, Vec::<String>::new());
}
