//! O08–O12: the first review, the quote, the queues.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::members::v1::{MemberErased, MembersEvent};
use proto::studio::orders::v1 as pb;
use testkit::Identity;
use tonic::Code;

use crate::world::{PRICE, World, code, id, reason};

pub fn pass(order: &pb::Order) -> pb::PassFirstReviewRequest {
    pb::PassFirstReviewRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        note: String::new(),
    }
}

#[tokio::test]
async fn passing_the_first_review_quotes_from_the_catalogue_with_content_fee_and_validity() {
    let world = World::open().await;
    let order = world.passed(PersonId::fresh()).await;
    assert_eq!(order.state(), pb::OrderState::FirstReviewPassed);
    let quote = order.quote.clone().unwrap();
    let terms = quote.terms.unwrap();
    assert_eq!(quote.amount.unwrap().minor, PRICE);
    assert_eq!(
        (terms.code.as_str(), terms.valid_days, terms.benefits.len()),
        ("YEAR-ALL", 365, 2)
    );
    let valid = quote.valid_until.unwrap().seconds - quote.issued_at.unwrap().seconds;
    assert_eq!(valid, 336 * 3600);
    assert_eq!(quote.hash.len(), 64);
    assert_eq!(
        world.facts(&order.order_id).await,
        ["order_submitted", "order_first_review_passed", "quote_issued"]
    );
}

#[tokio::test]
async fn a_quote_can_never_be_altered() {
    let world = World::open().await;
    let order = world.approved(PersonId::fresh()).await;
    let pool = world.it.pool();
    assert!(
        sqlx::query("update quotes set amount_minor = 1")
            .execute(pool)
            .await
            .is_err()
    );
    assert!(sqlx::query("delete from quotes").execute(pool).await.is_err());
    let slip_in = "update orders set quote_hash = repeat('a', 64), version = version + 1";
    let error = sqlx::query(slip_in).execute(pool).await.unwrap_err().to_string();
    assert!(error.contains("orders_approved_as_quoted"), "{error}");
    assert_eq!(
        world.see(&order.order_id).await.approved_quote_hash,
        order.quote.unwrap().hash
    );
}

#[tokio::test]
async fn the_applicant_answers_what_customer_service_asks_and_the_review_goes_on() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.submitted(person).await;
    let ask = pb::RequestInformationRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        wanted: "请选择上课时间".to_owned(),
    };
    let asked = world
        .agent()
        .request_information(ask)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(
        (asked.state(), asked.reason.as_str()),
        (pb::OrderState::InformationNeeded, "")
    );
    assert_eq!(world.see(&order.order_id).await.reason, "请选择上课时间");
    assert_eq!(
        code(world.agent().pass_first_review(pass(&order)).await),
        Code::FailedPrecondition
    );

    let answer = pb::ProvideInformationRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        answer: "每周二晚上".to_owned(),
    };
    let other = world
        .member(PersonId::fresh())
        .provide_information(answer.clone())
        .await;
    assert_eq!(reason(other), "NOT_FOUND");
    let back = world
        .member(person)
        .provide_information(answer)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(back.state(), pb::OrderState::Submitted);
    assert_eq!(world.see(&order.order_id).await.reason, "");
    let needs = world
        .agent()
        .get_needs(pb::GetNeedsRequest {
            order_id: order.order_id.clone(),
        })
        .await;
    assert_eq!(needs.unwrap().into_inner().needs, "想在晚上练瑜伽\n\n每周二晚上");
    assert!(world.agent().pass_first_review(pass(&order)).await.is_ok());
    let facts = world.facts(&order.order_id).await;
    assert_eq!(facts[1..3], ["information_requested", "information_provided"]);
}

#[tokio::test]
async fn a_contact_is_kept_sealed_and_unreadable_once_the_person_is_erased() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.submitted(person).await;
    let words = "致电会员，确认每周二晚上有空";
    let ask = pb::AddContactLogRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        direction: pb::ContactDirection::Outgoing.into(),
        reached: true,
        text: words.to_owned(),
        occurred_at: None,
    };
    world.agent().add_contact_log(ask.clone()).await.unwrap();
    let mut tomorrow = pb::AddContactLogRequest {
        request_id: id(),
        ..ask
    };
    let later = world.it.clock().now() + chrono::Duration::days(1);
    tomorrow.occurred_at = Some(kernel::to_proto_time(later));
    assert_eq!(
        code(world.agent().add_contact_log(tomorrow).await),
        Code::InvalidArgument
    );

    let kept: Vec<u8> = sqlx::query_scalar("select text from contact_logs")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert!(
        !kept
            .windows(6)
            .any(|w| words.as_bytes().windows(6).any(|v| v == w))
    );
    let list = pb::ListContactLogsRequest {
        order_id: order.order_id.clone(),
    };
    let logs = world
        .reviewer()
        .list_contact_logs(list.clone())
        .await
        .unwrap()
        .into_inner()
        .contact_logs;
    assert_eq!((logs[0].text.as_str(), logs[0].reached), (words, true));
    assert_eq!(
        code(world.member(person).list_contact_logs(list.clone()).await),
        Code::PermissionDenied
    );
    let elsewhere = world.orders(Identity::staff(Role::CustomerService, world.chain.xuhui));
    assert_eq!(
        reason(elsewhere.clone().list_contact_logs(list.clone()).await),
        "NOT_FOUND"
    );

    let erased = MemberErased {
        person_id: person.to_string(),
    };
    let event = MembersEvent {
        fact: Some(Member::MemberErased(erased)),
    };
    world.it.hear(person, 1, &event).await.unwrap();
    let logs = world
        .agent()
        .list_contact_logs(list)
        .await
        .unwrap()
        .into_inner()
        .contact_logs;
    assert_eq!(logs[0].text, "");
    let needs = world
        .agent()
        .get_needs(pb::GetNeedsRequest {
            order_id: order.order_id,
        })
        .await;
    assert_eq!(needs.unwrap().into_inner().needs, "");
}

#[tokio::test]
async fn every_department_finds_its_work_in_its_queue_the_longest_waiting_first() {
    let world = World::open().await;
    let queue = async |mut who: crate::world::Orders, queue: pb::Queue, overdue: bool| {
        let ask = pb::ListOrdersRequest {
            queue: queue.into(),
            overdue,
            ..Default::default()
        };
        let reply = who.list_orders(ask).await.unwrap().into_inner();
        reply.orders.into_iter().map(|o| o.order_id).collect::<Vec<_>>()
    };
    let first = world.submitted(PersonId::fresh()).await.order_id;
    let second = world.submitted(PersonId::fresh()).await.order_id;
    let review = world.in_review(PersonId::fresh()).await.order_id;
    let pay = world.confirmed(PersonId::fresh()).await.order_id;
    assert_eq!(
        queue(world.agent(), pb::Queue::FirstReview, false).await,
        [first.clone(), second.clone()]
    );
    assert_eq!(
        queue(world.reviewer(), pb::Queue::Approval, false).await,
        [review]
    );
    assert_eq!(
        queue(world.staff(Role::FinanceStaff), pb::Queue::Payment, false).await,
        [pay]
    );
    let elsewhere = world.orders(Identity::staff(Role::CustomerService, world.chain.xuhui));
    assert!(queue(elsewhere, pb::Queue::FirstReview, false).await.is_empty());
    assert!(
        queue(world.agent(), pb::Queue::FirstReview, true)
            .await
            .is_empty()
    );
    world.advance_hours(25);
    assert_eq!(
        queue(world.agent(), pb::Queue::FirstReview, true).await,
        [first, second]
    );
}
