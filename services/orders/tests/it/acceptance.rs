//! O16, O30: the member's yes or no, before any money.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use tonic::Code;

use crate::world::{PRICE, World, code, id, reason};

fn decline(order: &pb::Order, change_wanted: bool) -> pb::DeclineQuoteRequest {
    pb::DeclineQuoteRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        change_wanted,
        reason: "想换门店".to_owned(),
    }
}

#[tokio::test]
async fn the_members_yes_confirms_the_order_and_makes_the_price_due() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.confirmed(person).await;
    assert_eq!(order.state(), pb::OrderState::Confirmed);
    assert_eq!(order.accepted_terms_version, "2026-11");
    assert!(order.accepted_at.is_some() && order.pay_by.is_some());
    assert_eq!(order.dues.len(), 1);
    assert_eq!(order.dues[0].amount.clone().unwrap().minor, PRICE);
    assert_eq!(order.dues[0].state(), pb::DueState::Open);
    assert_eq!(
        order.dues[0].legal_entity_id,
        world.chain.beijing_company.to_string()
    );
    assert_eq!(
        world.facts(&order.order_id).await.last().unwrap(),
        "order_confirmed"
    );
}

#[tokio::test]
async fn only_the_member_accepts_and_only_the_quote_and_terms_that_stand() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.approved(person).await;
    let good = world.acceptance(&order);
    for role in [
        Role::Sales,
        Role::FrontDesk,
        Role::CustomerService,
        Role::StudioDirector,
    ] {
        assert_eq!(
            code(world.staff(role).accept_quote(good.clone()).await),
            Code::PermissionDenied
        );
    }
    assert_eq!(
        reason(world.member(PersonId::fresh()).accept_quote(good.clone()).await),
        "NOT_FOUND"
    );
    let other = pb::AcceptQuoteRequest {
        quote_hash: "f".repeat(64),
        request_id: id(),
        ..good.clone()
    };
    assert_eq!(
        reason(world.member(person).accept_quote(other).await),
        "QUOTE_DIFFERS"
    );
    let old = pb::AcceptQuoteRequest {
        terms_version: "2020-1".to_owned(),
        request_id: id(),
        ..good.clone()
    };
    assert_eq!(
        reason(world.member(person).accept_quote(old).await),
        "TERMS_DIFFER"
    );
    let mute = pb::AcceptQuoteRequest {
        proof: String::new(),
        request_id: id(),
        ..good.clone()
    };
    assert_eq!(
        code(world.member(person).accept_quote(mute).await),
        Code::InvalidArgument
    );
    assert!(world.member(person).accept_quote(good).await.is_ok());
}

#[tokio::test]
async fn nothing_can_be_paid_without_acceptance() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.approved(person).await;
    for method in [pb::PaymentMethod::WechatNative, pb::PaymentMethod::Wallet] {
        let ask = world.payment(&order, method);
        assert_eq!(
            reason(world.member(person).start_payment(ask).await),
            "WRONG_STATE"
        );
    }
    let forge = "update orders set state = 'confirmed', version = version + 1";
    let error = sqlx::query(forge)
        .execute(world.it.pool())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("orders_accepted_before_money"), "{error}");
    assert!(world.peers.seen().intents.is_empty());
}

#[tokio::test]
async fn the_members_no_ends_the_order() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.approved(person).await;
    let declined = world
        .member(person)
        .decline_quote(decline(&order, false))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(declined.order.unwrap().state(), pb::OrderState::Declined);
    let answer = world.member(person).accept_quote(world.acceptance(&order)).await;
    assert_eq!(reason(answer), "WRONG_STATE");
    assert_eq!(
        world.facts(&order.order_id).await.last().unwrap(),
        "order_declined"
    );
}

#[tokio::test]
async fn a_wish_for_a_change_goes_back_to_customer_service_and_needs_a_new_approval() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.approved(person).await;
    let back = world
        .member(person)
        .decline_quote(decline(&order, true))
        .await
        .unwrap()
        .into_inner();
    let back = back.order.unwrap();
    assert_eq!(
        (back.state(), back.approved_quote_hash.as_str()),
        (pb::OrderState::SentBack, "")
    );
    let again = world.hand_over(&order.order_id).await;
    let approved = world
        .reviewer()
        .approve(world.approval(&again))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert!(
        world
            .member(person)
            .accept_quote(world.acceptance(&approved))
            .await
            .is_ok()
    );
}
