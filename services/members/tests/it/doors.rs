//! Who is turned away at each door, and what a used request id is good for.

use kernel::{CardId, PersonId};
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::challenge_service_client::ChallengeServiceClient;
use proto::studio::members::v1::staff_service_client::StaffServiceClient;
use testkit::Door;

use crate::world::{World, cards, id, people, reason, visit, visits};

fn technician(world: &World) -> Door {
    world.it.as_staff(Role::Technician, world.chain.chaoyang)
}

fn consent() -> pb::RecordConsentRequest {
    let consent = pb::Consent {
        document: pb::ConsentDocument::Terms.into(),
        document_version: "1".to_owned(),
        given: true,
    };
    pb::RecordConsentRequest {
        request_id: id(),
        person_id: id(),
        consent: Some(consent),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_need_sees_no_people_cards_visits_or_rights() {
    let world = World::open().await;
    let card_id = id();
    let benefits = pb::GetBenefitsRequest {
        card_id,
        ..Default::default()
    };
    let check = pb::CheckBenefitRequest {
        benefit_id: id(),
        studio_id: world.chain.chaoyang.to_string(),
    };
    let turned_away = [
        reason(
            people(technician(&world))
                .list_people(pb::ListPeopleRequest::default())
                .await,
        ),
        reason(
            cards(technician(&world))
                .list_cards(pb::ListCardsRequest::default())
                .await,
        ),
        reason(cards(technician(&world)).get_benefits(benefits).await),
        reason(cards(technician(&world)).check_benefit(check).await),
        reason(
            visits(technician(&world))
                .list_check_ins(pb::ListCheckInsRequest::default())
                .await,
        ),
        reason(
            StaffServiceClient::new(technician(&world))
                .list_grants(pb::ListGrantsRequest::default())
                .await,
        ),
    ];
    assert_eq!(turned_away, ["ROLE_MISSING"; 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_need_holds_releases_redeems_and_records_nothing() {
    let world = World::open().await;
    let hold = pb::HoldBenefitRequest {
        request_id: id(),
        benefit_id: id(),
        studio_id: world.chain.chaoyang.to_string(),
        expire_at: world.in_an_hour(),
    };
    let (release, redeem) = (
        pb::ReleaseBenefitRequest {
            request_id: id(),
            hold_id: id(),
        },
        pb::RedeemBenefitRequest {
            request_id: id(),
            hold_id: id(),
        },
    );
    let sent = pb::MarkChallengeSentRequest {
        request_id: id(),
        challenge_id: id(),
    };
    let turned_away = [
        reason(cards(technician(&world)).hold_benefit(hold).await),
        reason(cards(technician(&world)).release_benefit(release).await),
        reason(cards(technician(&world)).redeem_benefit(redeem).await),
        reason(people(technician(&world)).record_consent(consent()).await),
        reason(
            ChallengeServiceClient::new(world.it.as_service("orders"))
                .mark_challenge_sent(sent)
                .await,
        ),
    ];
    assert_eq!(turned_away, ["ROLE_MISSING"; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_is_not_signed_in_sees_or_changes_anything_of_a_card() {
    let world = World::open().await;
    let key = Some(pb::get_card_request::Key::CardId(id()));
    let nobody = || cards(world.it.anonymous());
    let turned_away = [
        reason(nobody().get_card(pb::GetCardRequest { key }).await),
        reason(nobody().list_cards(pb::ListCardsRequest::default()).await),
        reason(nobody().open_card(world.sale(PersonId::fresh())).await),
        reason(
            visits(world.it.anonymous())
                .check_in(visit(CardId::fresh(), "ENTRY", world.chain.chaoyang))
                .await,
        ),
        reason(
            people(world.it.anonymous())
                .list_people(pb::ListPeopleRequest::default())
                .await,
        ),
    ];
    assert_eq!(turned_away, ["UNAUTHENTICATED"; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_used_for_another_request_is_refused_by_every_kind_of_write() {
    let world = World::open().await;
    let card = world.card_of(world.lin(1).await.id).await;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    let entry = visit(card, "ENTRY", world.chain.chaoyang);
    let class = pb::CheckInRequest {
        benefit_code: "CLASS".to_owned(),
        ..entry.clone()
    };
    desk.check_in(entry).await.unwrap();
    assert_eq!(reason(desk.check_in(class).await), "IDEMPOTENCY_KEY_REUSED");

    let revoke = pb::RevokeBenefitsRequest {
        request_id: id(),
        card_id: card.to_string(),
        case_id: id(),
        ..Default::default()
    };
    let whole = pb::RevokeBenefitsRequest {
        whole_card: true,
        ..revoke.clone()
    };
    let mut refunds = cards(world.it.as_service("refunds"));
    refunds.revoke_benefits(revoke).await.unwrap();
    assert_eq!(
        reason(refunds.revoke_benefits(whole).await),
        "IDEMPOTENCY_KEY_REUSED"
    );

    let mut orders = cards(world.it.as_service("orders"));
    let sale = world.sale(world.lin(2).await.id);
    let other = pb::OpenCardRequest {
        order_id: id(),
        ..sale.clone()
    };
    orders.open_card(sale).await.unwrap();
    assert_eq!(reason(orders.open_card(other).await), "IDEMPOTENCY_KEY_REUSED");
}
