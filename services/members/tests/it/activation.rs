use std::time::Duration;

use kernel::CardId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use testkit::{Door, Identity};

use crate::world::{Lin, World, cards, id, id_number, other_than, phone, reason};

fn ask(card: CardId, lin: &Lin) -> pb::RequestActivationCodeRequest {
    pb::RequestActivationCodeRequest {
        request_id: id(),
        card_id: card.to_string(),
        phone: lin.phone.clone(),
        id_number: lin.id_number.clone(),
    }
}

async fn challenged(who: Door, card: CardId, lin: &Lin) -> String {
    cards(who)
        .request_activation_code(ask(card, lin))
        .await
        .unwrap()
        .into_inner()
        .challenge_id
}

fn answer(card: CardId, lin: &Lin, challenge: &str, code: &str) -> pb::ActivateCardRequest {
    pb::ActivateCardRequest {
        request_id: id(),
        card_id: card.to_string(),
        challenge_id: challenge.to_owned(),
        phone: lin.phone.clone(),
        id_number: lin.id_number.clone(),
        code: code.to_owned(),
    }
}

fn at_desk(world: &World, card: CardId, lin: &Lin) -> pb::ActivateCardAtDeskRequest {
    pb::ActivateCardAtDeskRequest {
        request_id: id(),
        card_id: card.to_string(),
        studio_id: world.chain.chaoyang.to_string(),
        id_number: lin.id_number.clone(),
        proof: pb::ActivationProof::Receipt.into(),
        proof_number: "R-1".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_id_number_and_code_activate_a_card_and_begin_its_validity() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let challenge = challenged(world.it.as_member(lin.id), card, &lin).await;
    assert_eq!(world.told("activation_code_requested").await, 1);
    let code = world.code_of(&challenge).await.unwrap();
    let request = answer(card, &lin, &challenge, &code);
    let mut member = cards(world.it.as_member(lin.id));
    let shown = member
        .activate_card(request.clone())
        .await
        .unwrap()
        .into_inner()
        .card
        .unwrap();
    assert_eq!(
        (shown.state(), shown.remaining_days),
        (pb::CardState::Activated, 365)
    );
    assert!(shown.valid_until.is_some());
    assert_eq!(
        (
            world.told("card_activated").await,
            world.told("card_validity_started").await
        ),
        (1, 1)
    );
    let again = member.activate_card(request).await.unwrap().into_inner();
    assert_eq!(again.card, Some(shown));
    let audited = world
        .count("audit where rpc like '%ActivateCard' and decision = 'done'")
        .await;
    assert_eq!(audited, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_who_is_not_signed_in_can_activate_too() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let challenge = challenged(world.it.anonymous(), card, &lin).await;
    let code = world.code_of(&challenge).await.unwrap();
    let mut stranger = cards(world.it.anonymous());
    assert!(
        stranger
            .activate_card(answer(card, &lin, &challenge, &code))
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_phone_id_number_or_card_sends_no_code_and_looks_the_same() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let card = world.card_of(lin.id).await;
    let wrong_id = Lin {
        id_number: id_number(9),
        ..lin.clone()
    };
    let wrong_phone = Lin {
        phone: phone(9),
        ..lin.clone()
    };
    for (card, said) in [(card, &wrong_id), (card, &wrong_phone), (CardId::fresh(), &lin)] {
        let challenge = challenged(world.it.anonymous(), card, said).await;
        assert_eq!(reason(world.code_of(&challenge).await), "CODE_GONE");
        let guess = answer(card, said, &challenge, "123456");
        assert_eq!(
            reason(cards(world.it.anonymous()).activate_card(guess).await),
            "ACTIVATION_REJECTED"
        );
        world.it.advance(Duration::from_secs(61));
    }
    let challenge = challenged(world.it.as_member(wang.id), card, &lin).await;
    assert_eq!(reason(world.code_of(&challenge).await), "CODE_GONE");
    assert_eq!(world.told("activation_code_requested").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_code_for_another_card_phone_id_number_or_person_activates_nothing() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let (card, second) = (world.card_of(lin.id).await, world.card_of(lin.id).await);
    let challenge = challenged(world.it.as_member(lin.id), card, &lin).await;
    let code = world.code_of(&challenge).await.unwrap();
    let mut stranger = cards(world.it.anonymous());
    let wrong_id = Lin {
        id_number: id_number(9),
        ..lin.clone()
    };
    let wrong_phone = Lin {
        phone: phone(9),
        ..lin.clone()
    };
    for request in [
        answer(second, &lin, &challenge, &code),
        answer(card, &wrong_phone, &challenge, &code),
    ] {
        assert_eq!(
            reason(stranger.activate_card(request).await),
            "ACTIVATION_REJECTED"
        );
    }
    let other = cards(world.it.as_member(wang.id))
        .activate_card(answer(card, &lin, &challenge, &code))
        .await;
    assert_eq!(reason(other), "ACTIVATION_REJECTED");

    world.it.advance(Duration::from_secs(61));
    let challenge = challenged(world.it.as_member(lin.id), card, &lin).await;
    let code = world.code_of(&challenge).await.unwrap();
    let answer = stranger
        .activate_card(answer(card, &wrong_id, &challenge, &code))
        .await;
    assert_eq!(reason(answer), "ACTIVATION_REJECTED");
    assert_eq!(world.see(card).await.card.unwrap().state(), pb::CardState::Opened);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_activations_are_counted_although_refused_and_lock_the_card() {
    let world = World::open_with("service.lockout.most_wrong = 3").await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let challenge = challenged(world.it.as_member(lin.id), card, &lin).await;
    let code = world.code_of(&challenge).await.unwrap();
    let mut member = cards(world.it.as_member(lin.id));
    for _ in 0..3 {
        let wrong = answer(card, &lin, &challenge, &other_than(&code));
        assert_eq!(reason(member.activate_card(wrong).await), "ACTIVATION_REJECTED");
    }
    assert_eq!(
        reason(member.activate_card(answer(card, &lin, &challenge, &code)).await),
        "LOCKED_OUT"
    );
    assert_eq!(
        world
            .count("audit where rpc like '%ActivateCard' and decision = 'refused'")
            .await,
        3
    );
    let mut desk = cards(world.desk(world.chain.chaoyang));
    assert_eq!(
        reason(desk.activate_card_at_desk(at_desk(&world, card, &lin)).await),
        "LOCKED_OUT"
    );
    world.it.advance(Duration::from_mins(31));
    assert!(
        desk.activate_card_at_desk(at_desk(&world, card, &lin))
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_activates_nothing() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let challenge = challenged(world.it.as_member(lin.id), card, &lin).await;
    let code = world.code_of(&challenge).await.unwrap();
    world.it.advance(Duration::from_secs(301));
    let late = cards(world.it.anonymous())
        .activate_card(answer(card, &lin, &challenge, &code))
        .await;
    assert_eq!(reason(late), "CODE_EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_activate_at_the_desk_with_proof_and_id_card() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let mut desk = cards(world.desk(world.chain.chaoyang));
    let shown = desk
        .activate_card_at_desk(at_desk(&world, card, &lin))
        .await
        .unwrap()
        .into_inner()
        .card
        .unwrap();
    assert_eq!(shown.state(), pb::CardState::Activated);
    let kept = world
        .count("cards where proof = 'receipt' and proof_number = 'R-1' and desk_studio_id is not null")
        .await;
    assert_eq!(kept, 1);
    let again = desk.activate_card_at_desk(at_desk(&world, card, &lin)).await;
    assert_eq!(reason(again), "CARD_ALREADY_ACTIVATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_refuses_another_persons_id_card_another_studio_ones_own_card_and_missing_proof() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let card = world.card_of(lin.id).await;
    let mut desk = cards(world.desk(world.chain.chaoyang));
    let other = at_desk(&world, card, &wang);
    assert_eq!(
        reason(desk.activate_card_at_desk(other).await),
        "IDENTITY_MISMATCH"
    );
    assert_eq!(world.count("lockouts where wrong = 1").await, 1);
    let sibling = cards(world.desk(world.chain.haidian))
        .activate_card_at_desk(at_desk(&world, card, &lin))
        .await;
    assert_eq!(reason(sibling), "NOT_FOUND");
    let herself = Identity::posts(lin.id, &[(Role::FrontDesk, world.chain.chaoyang.into())]);
    let own = cards(world.it.door(herself))
        .activate_card_at_desk(at_desk(&world, card, &lin))
        .await;
    assert_eq!(reason(own), "SAME_PERSON");
    let unproved = pb::ActivateCardAtDeskRequest {
        proof: 0,
        ..at_desk(&world, card, &lin)
    };
    assert_eq!(
        reason(desk.activate_card_at_desk(unproved).await),
        "INVALID_FIELDS"
    );
    let member = cards(world.it.as_member(lin.id))
        .activate_card_at_desk(at_desk(&world, card, &lin))
        .await;
    assert_eq!(reason(member), "ROLE_MISSING");
}
