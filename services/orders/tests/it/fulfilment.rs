//! O21, C20: a paid order ends with an open card, or its money goes back.

use kernel::{PaymentId, PersonId};
use proto::studio::members::v1 as members;
use proto::studio::orders::v1 as pb;
use tonic::{Code, Status};

use crate::peers::{Trouble, card_of, no};
use crate::world::{PRICE, World};

#[tokio::test]
async fn the_card_opens_with_exactly_what_was_quoted() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.fulfilled(person).await;
    assert_eq!(order.state(), pb::OrderState::Fulfilled);
    assert_eq!(order.card_id, card_of(&order.order_id));
    let seen = world.peers.seen();
    let card = &seen.cards[&order.order_id];
    let terms = card.terms.clone().unwrap();
    assert_eq!(
        (card.person_id.as_str(), card.studio_id.as_str()),
        (order.person_id.as_str(), order.studio_id.as_str())
    );
    assert_eq!(
        (terms.product_name.as_str(), terms.product_version),
        ("全城通年卡", 1)
    );
    assert_eq!((terms.validity_days, terms.latest_start_days), (365, 90));
    assert_eq!(terms.validity_start(), members::ValidityStart::AtActivation);
    assert_eq!(terms.contract_version, "2026-11");
    assert_eq!(terms.price.unwrap().minor, PRICE);
    assert!(terms.benefits[0].scope_node_ids.is_empty(), "everywhere");
    assert_eq!(
        terms.benefits[1].scope_node_ids,
        [world.chain.chaoyang.to_string()]
    );
    assert_eq!(card.paid_at, order.dues[0].paid_at);
}

#[tokio::test]
async fn scopes_become_the_nodes_of_the_studio() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let ask = world.application("YEAR-BJ").await;
    let draft = world
        .member(person)
        .apply(ask)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    world
        .member(person)
        .confirm_application(world.confirm(&draft))
        .await
        .unwrap();
    let pass = pb::PassFirstReviewRequest {
        request_id: crate::world::id(),
        order_id: draft.order_id.clone(),
        note: String::new(),
    };
    world.agent().pass_first_review(pass).await.unwrap();
    let order = world.hand_over(&draft.order_id).await;
    let order = world
        .reviewer()
        .approve(world.approval(&order))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    world
        .member(person)
        .accept_quote(world.acceptance(&order))
        .await
        .unwrap();
    world.peers.seen().wallets.insert(person.to_string(), 268_000);
    world.start(person, &order, pb::PaymentMethod::Wallet).await;
    let seen = world.peers.seen();
    let terms = seen.cards[&draft.order_id].terms.clone().unwrap();
    assert_eq!(
        terms.benefits[0].scope_node_ids,
        [world.chain.beijing.to_string()]
    );
    assert_eq!(
        terms.benefits[1].scope_node_ids,
        [world.chain.beijing_company.to_string()]
    );
    assert_eq!(terms.validity_start(), members::ValidityStart::AtPayment);
}

#[tokio::test]
async fn a_crash_after_the_card_opened_opens_no_second_card() {
    let world = World::open().await;
    let order = world.showing(PersonId::fresh()).await;
    world.peers.trouble("OpenCard", &[Trouble::Lost, Trouble::Lost]);
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Fulfilled);
    let ids = world.peers.ids("OpenCard");
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]));
    let facts = world.facts(&order.order_id).await;
    assert_eq!(facts.iter().filter(|f| *f == "order_fulfilled").count(), 1);
}

#[tokio::test]
async fn an_order_whose_card_members_refuses_is_unfulfillable() {
    let world = World::open().await;
    let order = world.showing(PersonId::fresh()).await;
    let refusal = no(Code::FailedPrecondition, members::ErrorReason::PersonErased);
    world.peers.trouble("OpenCard", &[Trouble::Before(refusal)]);
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    world.it.settle().await;
    let after = world.see(&order.order_id).await;
    assert_eq!(after.state(), pb::OrderState::Unfulfillable);
    assert!(after.reason.contains("PERSON_ERASED"));
    let pb::orders_event::Fact::OrderUnfulfillable(fact) = world.last_fact(&order.order_id).await else {
        panic!("the money has to go back");
    };
    assert_eq!(fact.cause(), pb::UnfulfillableCause::CardRefused);
    assert_eq!(fact.due_id, order.dues[0].due_id);
}

#[tokio::test]
async fn an_error_without_a_reason_is_no_refusal() {
    let world = World::open().await;
    let order = world.showing(PersonId::fresh()).await;
    let vague = [
        Status::not_found("no such route"),
        Status::permission_denied("wrong token"),
        Status::unimplemented("old server"),
        Status::deadline_exceeded("late"),
    ];
    world.peers.trouble("OpenCard", &vague.map(Trouble::Before));
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    world.it.settle().await;
    assert_eq!(world.state(&order.order_id).await, pb::OrderState::Fulfilled);
}
