//! What people write about an order stays out of the facts, which every
//! subscriber keeps and nobody can take back; and it is sealed where it is
//! kept, so that it goes with the person.

use kernel::{PaymentId, PersonId};
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::members::v1::{MemberErased, MembersEvent};
use proto::studio::orders::v1 as pb;

use crate::review::pass;
use crate::world::{PRICE, World, id};

const WORDS: &str = "林晓住院了";

/// What the order's steps say that was written at them.
async fn written(world: &World, order_id: &str) -> Vec<(String, String)> {
    let ask = pb::ListStepsRequest {
        order_id: order_id.to_owned(),
    };
    let steps = world
        .service("refunds")
        .list_steps(ask)
        .await
        .unwrap()
        .into_inner()
        .steps;
    let words = steps.into_iter().flat_map(|step| step.evidence);
    words
        .filter(|(name, _)| ["wanted", "note", "reason"].contains(&name.as_str()))
        .collect()
}

async fn told_nowhere(world: &World) {
    let tables = testkit::tables_that_tell(world.it.pool(), WORDS).await;
    assert!(tables.is_empty(), "{tables:?}");
}

async fn erase(world: &World, person: PersonId) {
    let erased = MembersEvent {
        fact: Some(Member::MemberErased(MemberErased {
            person_id: person.to_string(),
        })),
    };
    world.it.hear(person, 1, &erased).await.unwrap();
}

#[tokio::test]
async fn what_staff_ask_and_decide_is_nowhere_in_the_clear() {
    let world = World::open().await;
    let order = world.submitted(PersonId::fresh()).await;
    let pass = pb::PassFirstReviewRequest {
        note: WORDS.to_owned(),
        ..pass(&order)
    };
    world.agent().pass_first_review(pass).await.unwrap();
    let order = world.hand_over(&order.order_id).await;
    let yes = pb::ApproveRequest {
        reason: WORDS.to_owned(),
        ..world.approval(&order)
    };
    world.reviewer().approve(yes).await.unwrap();
    assert_eq!(world.see(&order.order_id).await.reason, "");
    let named = |name: &str| (name.to_owned(), WORDS.to_owned());
    assert_eq!(
        written(&world, &order.order_id).await,
        [named("note"), named("reason")]
    );

    let order = world.submitted(PersonId::fresh()).await;
    let ask = pb::RequestInformationRequest {
        request_id: id(),
        order_id: order.order_id,
        wanted: WORDS.to_owned(),
    };
    world.agent().request_information(ask).await.unwrap();

    let order = world.in_review(PersonId::fresh()).await;
    let back = pb::SendBackRequest {
        request_id: id(),
        order_id: order.order_id,
        policy_version: "2026-1".to_owned(),
        reason: WORDS.to_owned(),
    };
    world.reviewer().send_back(back).await.unwrap();

    let order = world.in_review(PersonId::fresh()).await;
    let no = pb::RejectRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        policy_version: "2026-1".to_owned(),
        reason: WORDS.to_owned(),
    };
    world.reviewer().reject(no).await.unwrap();
    world.it.settle().await;
    told_nowhere(&world).await;
    assert_eq!(world.see(&order.order_id).await.reason, WORDS);
}

#[tokio::test]
async fn why_a_member_declines_or_wants_a_change_is_nowhere_in_the_clear() {
    let world = World::open().await;
    for change_wanted in [false, true] {
        let person = PersonId::fresh();
        let order = world.approved(person).await;
        let no = pb::DeclineQuoteRequest {
            request_id: id(),
            order_id: order.order_id,
            change_wanted,
            reason: WORDS.to_owned(),
        };
        world.member(person).decline_quote(no).await.unwrap();
    }
    world.it.settle().await;
    told_nowhere(&world).await;
}

#[tokio::test]
async fn why_a_member_cancels_is_nowhere_in_the_clear_even_when_money_follows() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.showing(person).await;
    let cancel = pb::CancelRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        reason: WORDS.to_owned(),
    };
    world.member(person).cancel(cancel).await.unwrap();
    world.it.settle().await;
    world
        .capture(&order.dues[0], PRICE, PaymentId::fresh())
        .await
        .unwrap();
    world.it.settle().await;
    let facts = world.facts(&order.order_id).await;
    assert!(facts.contains(&"order_cancelled".to_owned()), "{facts:?}");
    assert_eq!(facts.last().unwrap(), "order_unfulfillable");
    told_nowhere(&world).await;
}

#[tokio::test]
async fn an_erased_persons_order_can_be_cancelled_and_keeps_no_words() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.in_review(person).await;
    let back = pb::SendBackRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        policy_version: "2026-1".to_owned(),
        reason: WORDS.to_owned(),
    };
    world.reviewer().send_back(back).await.unwrap();
    assert_eq!(world.see(&order.order_id).await.reason, WORDS);
    erase(&world, person).await;
    assert_eq!(world.see(&order.order_id).await.reason, "");
    assert_eq!(written(&world, &order.order_id).await, []);

    let cancel = pb::CancelRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        reason: WORDS.to_owned(),
    };
    world.agent().cancel(cancel).await.unwrap();
    let ended = world.see(&order.order_id).await;
    assert_eq!(
        (ended.state(), ended.reason.as_str()),
        (pb::OrderState::Cancelled, "")
    );
    assert_eq!(written(&world, &order.order_id).await, []);
}

#[tokio::test]
async fn a_policy_version_is_a_code_and_no_place_for_words() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    for version in ["", "see the file of Lin", WORDS, "-1", &"1".repeat(41)] {
        let back = pb::SendBackRequest {
            request_id: id(),
            order_id: order.order_id.clone(),
            policy_version: version.to_owned(),
            reason: "r".to_owned(),
        };
        let refused = world.reviewer().send_back(back).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{version}");
    }
}
