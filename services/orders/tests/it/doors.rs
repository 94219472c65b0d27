//! Who may make which call: each role and each place refused beside the one
//! permitted.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use testkit::Identity;
use tonic::{Code, Response, Status};

use crate::world::{Orders, World, code, id, reason};

fn done<T>(answer: Result<Response<T>, Status>) -> Result<(), Status> {
    answer.map(|_| ())
}

/// Makes every staff call on an order, and answers each by name.
async fn staff_calls(mut who: Orders, order: &pb::Order) -> Vec<(&'static str, Result<(), Status>)> {
    let order_id = order.order_id.clone();
    let (policy_version, reason) = ("1".to_owned(), "r".to_owned());
    let pass = pb::PassFirstReviewRequest {
        request_id: id(),
        order_id: order_id.clone(),
        note: String::new(),
    };
    let want = pb::RequestInformationRequest {
        request_id: id(),
        order_id: order_id.clone(),
        wanted: "w".to_owned(),
    };
    let hand_over = pb::SubmitForApprovalRequest {
        request_id: id(),
        order_id: order_id.clone(),
    };
    let approve = pb::ApproveRequest {
        request_id: id(),
        order_id: order_id.clone(),
        quote_hash: "0".repeat(64),
        policy_version: policy_version.clone(),
        reason: reason.clone(),
    };
    let reject = pb::RejectRequest {
        request_id: id(),
        order_id: order_id.clone(),
        policy_version: policy_version.clone(),
        reason: reason.clone(),
    };
    let send_back = pb::SendBackRequest {
        request_id: id(),
        order_id: order_id.clone(),
        policy_version,
        reason,
    };
    let log = pb::AddContactLogRequest {
        request_id: id(),
        order_id,
        direction: pb::ContactDirection::Incoming.into(),
        reached: true,
        text: "t".to_owned(),
        occurred_at: None,
    };
    vec![
        ("pass_first_review", done(who.pass_first_review(pass).await)),
        ("request_information", done(who.request_information(want).await)),
        (
            "submit_for_approval",
            done(who.submit_for_approval(hand_over).await),
        ),
        ("approve", done(who.approve(approve).await)),
        ("reject", done(who.reject(reject).await)),
        ("send_back", done(who.send_back(send_back).await)),
        ("add_contact_log", done(who.add_contact_log(log).await)),
    ]
}

#[tokio::test]
async fn a_wrong_role_is_refused_at_every_staff_call() {
    let world = World::open().await;
    let order = world.submitted(PersonId::fresh()).await;
    for role in [
        Role::FinanceStaff,
        Role::Coach,
        Role::Technician,
        Role::RefundClerk,
        Role::ProductManager,
    ] {
        for (call, answer) in staff_calls(world.staff(role), &order).await {
            assert_eq!(reason(answer), "ROLE_MISSING", "{role:?} {call}");
        }
    }
    let person: PersonId = order.person_id.parse().unwrap();
    for (call, answer) in staff_calls(world.member(person), &order).await {
        assert_eq!(reason(answer), "ROLE_MISSING", "member {call}");
    }
    for (call, answer) in staff_calls(world.orders(Identity::anonymous()), &order).await {
        assert_eq!(code(answer), Code::Unauthenticated, "anonymous {call}");
    }
}

#[tokio::test]
async fn staff_of_another_studio_find_nothing() {
    let world = World::open().await;
    let order = world.submitted(PersonId::fresh()).await;
    for role in [Role::CustomerService, Role::Reviewer] {
        let elsewhere = world.orders(Identity::staff(role, world.chain.haidian));
        for (call, answer) in staff_calls(elsewhere, &order).await {
            let reason = reason(answer);
            assert!(
                ["NOT_FOUND", "ROLE_MISSING"].contains(&reason.as_str()),
                "{role:?} {call} {reason}"
            );
        }
        let mut elsewhere = world.orders(Identity::staff(role, world.chain.haidian));
        let ask = pb::GetOrderRequest {
            order_id: order.order_id.clone(),
        };
        assert_eq!(reason(elsewhere.get_order(ask).await), "NOT_FOUND");
        let steps = pb::ListStepsRequest {
            order_id: order.order_id.clone(),
        };
        assert_eq!(reason(elsewhere.list_steps(steps).await), "NOT_FOUND");
        assert!(
            elsewhere
                .list_orders(pb::ListOrdersRequest::default())
                .await
                .unwrap()
                .into_inner()
                .orders
                .is_empty()
        );
    }
    let above = world.orders(Identity::staff(Role::CustomerService, world.chain.beijing));
    let ask = pb::GetOrderRequest {
        order_id: order.order_id,
    };
    assert!(above.clone().get_order(ask).await.is_ok());
}

#[tokio::test]
async fn no_service_takes_a_step_that_a_person_must_take() {
    let world = World::open().await;
    let order = world.submitted(PersonId::fresh()).await;
    for (call, answer) in staff_calls(world.service("oversight"), &order).await {
        assert_eq!(code(answer), Code::PermissionDenied, "{call}");
    }
}

#[tokio::test]
async fn a_member_sees_their_own_orders_and_no_others() {
    let world = World::open().await;
    let (lin, wang) = (PersonId::fresh(), PersonId::fresh());
    let order = world.submitted(lin).await;
    world.submitted(wang).await;
    let list = world
        .member(lin)
        .list_orders(pb::ListOrdersRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(list.orders.len(), 1);
    assert_eq!(list.orders[0].order_id, order.order_id);
    let ask = pb::GetOrderRequest {
        order_id: order.order_id.clone(),
    };
    assert!(world.member(lin).get_order(ask.clone()).await.is_ok());
    assert_eq!(reason(world.member(wang).get_order(ask).await), "NOT_FOUND");
    let quotes = pb::ListQuotesRequest {
        order_id: order.order_id,
    };
    assert_eq!(reason(world.member(wang).list_quotes(quotes).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_list_is_paged_without_gap_or_double() {
    let world = World::open().await;
    let mut wanted = Vec::new();
    for _ in 0..5 {
        wanted.push(world.submitted(PersonId::fresh()).await.order_id);
    }
    for (queue, wanted) in [
        (pb::Queue::FirstReview, wanted.clone()),
        (pb::Queue::Unspecified, wanted.into_iter().rev().collect()),
    ] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let ask = pb::ListOrdersRequest {
                queue: queue.into(),
                page_size: 2,
                page_token: token,
                ..Default::default()
            };
            let reply = world.agent().list_orders(ask).await.unwrap().into_inner();
            seen.extend(reply.orders.into_iter().map(|o| o.order_id));
            token = reply.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, wanted);
    }
    let bad = pb::ListOrdersRequest {
        page_token: "x".to_owned(),
        ..Default::default()
    };
    assert_eq!(code(world.agent().list_orders(bad).await), Code::InvalidArgument);
}
