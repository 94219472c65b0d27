use std::time::Duration;

use proto::studio::access::v1::Role;
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::check_in_service_client::CheckInServiceClient;
use proto::studio::members::v1::{CardState, CheckInRequest, GetBenefitsRequest};
use proto::studio::notifications::v1::ListMessagesRequest;
use proto::studio::notifications::v1::inbox_service_client::InboxServiceClient;
use proto::studio::orders::v1::OrderState;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use proto::studio::payments::v1::receipt_service_client::ReceiptServiceClient;
use proto::studio::payments::v1::{ListPaymentsRequest, ListReceiptsRequest};
use testkit::Identity;
use testkit::wechat::Script;
use tonic::Code;

use crate::people::{Member, id};
use crate::world::World;

/// Everything that a member sees of a purchase: the card, the receipt, the
/// notices.
pub async fn is_complete(world: &World, member: &Member, order_id: &str) {
    let card = world.card_of(member, order_id).await;
    assert_eq!(card.state(), CardState::Opened);
    let mut receipts = ReceiptServiceClient::new(world.at_payments(&member.who));
    let request = ListReceiptsRequest {
        person_id: member.id.to_string(),
        ..ListReceiptsRequest::default()
    };
    assert_eq!(
        receipts
            .list_receipts(request)
            .await
            .unwrap()
            .into_inner()
            .receipts
            .len(),
        1
    );
    let mut inbox = InboxServiceClient::new(world.at_notifications(&member.who));
    let messages = inbox
        .list_messages(ListMessagesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .messages;
    assert!(
        messages.len() >= 5,
        "few notices: {:?}",
        messages.iter().map(|m| &m.template).collect::<Vec<_>>()
    );
    assert!(
        world.subjects(member).len() >= 5,
        "few mails: {:?}",
        world.subjects(member)
    );
}

#[tokio::test]
async fn a_member_goes_from_application_to_training() {
    let world = World::open().await;
    let (year, _) = world.sells().await;
    let member = world.registers(1).await;
    let order = world.confirmed_order(&member, &year).await;
    assert_eq!(order.state(), OrderState::Confirmed);

    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    is_complete(&world, &member, &order.order_id).await;

    let finance = Identity::staff(Role::FinanceSupervisor, world.chain.operator);
    let mut payments = IntentServiceClient::new(world.at_payments(&finance));
    world
        .until("the payer's name stands on the payment", async || {
            let all = payments
                .list_payments(ListPaymentsRequest::default())
                .await
                .unwrap();
            let all = all.into_inner().payments;
            matches!(all.as_slice(), [payment] if payment.masked_payer == "林*")
        })
        .await;

    let card = world.card_of(&member, &order.order_id).await;
    let card = world.activates(&member, &card).await.unwrap();
    assert_eq!(card.state(), CardState::Activated);

    let desk = Identity::staff(Role::FrontDesk, world.chain.chaoyang);
    let mut check_ins = CheckInServiceClient::new(world.at_members(&desk));
    let visit = |benefit: &str| CheckInRequest {
        request_id: id(),
        card_id: card.card_id.clone(),
        benefit_code: benefit.to_owned(),
        studio_id: world.chain.chaoyang.to_string(),
    };
    check_ins.check_in(visit("ENTRY")).await.unwrap();
    for _ in 0..2 {
        check_ins.check_in(visit("GUEST")).await.unwrap();
    }
    let refused = check_ins.check_in(visit("GUEST")).await.unwrap_err();
    assert_eq!(
        refused.code(),
        Code::FailedPrecondition,
        "a third guest: {refused:?}"
    );

    let mut cards = CardServiceClient::new(world.at_members(&member.who));
    let request = GetBenefitsRequest {
        card_id: card.card_id.clone(),
        ..GetBenefitsRequest::default()
    };
    assert_eq!(
        cards.get_benefits(request).await.unwrap().into_inner().uses.len(),
        3
    );
}

#[tokio::test]
async fn a_payment_whose_callback_is_lost_is_found_by_asking() {
    let world = World::open().await;
    let (year, _) = world.sells().await;
    let member = world.registers(2).await;
    let order = world.confirmed_order(&member, &year).await;
    world.channel.script_next(Script {
        lose_callback: true,
        ..Script::default()
    });
    world.pays_by_qr(&member, &order).await;
    world
        .until("the resolver finds the money", async || {
            world.advance(Duration::from_secs(3));
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    is_complete(&world, &member, &order.order_id).await;
}

#[tokio::test]
async fn a_callback_that_comes_ten_times_pays_once() {
    let world = World::open().await;
    let (year, _) = world.sells().await;
    let member = world.registers(3).await;
    let order = world.confirmed_order(&member, &year).await;
    world.channel.script_next(Script {
        duplicate_callback: 10,
        ..Script::default()
    });
    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.settle().await;
    is_complete(&world, &member, &order.order_id).await;
    let paid = world.order(&member, &order.order_id).await.paid.unwrap();
    assert_eq!(paid.minor, 398_000);
}

#[tokio::test]
async fn the_money_journey_passes_with_oversight_switched_off() {
    let world = World::without_oversight().await;
    let (year, _) = world.sells().await;
    let member = world.registers(4).await;
    let order = world.confirmed_order(&member, &year).await;
    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    is_complete(&world, &member, &order.order_id).await;
}
