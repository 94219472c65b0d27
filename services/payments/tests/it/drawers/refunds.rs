use std::time::Duration;

use kernel::RefundLegId;
use proto::studio::payments::v1 as pb;
use tonic::{Code, Status};

use super::{Desk, drawers_add_up, slip};
use crate::world::{PRICE, World, fen, reason, request_id};

async fn pay(desk: &Desk, leg: RefundLegId, card: Option<pb::CardSlip>) -> Result<pb::Refund, Status> {
    let request = pb::PayRefundRequest {
        request_id: request_id(),
        drawer_id: desk.drawer.drawer_id.clone(),
        leg_id: leg.to_string(),
        card,
    };
    let reply = desk.client.clone().pay_refund(request).await?;
    Ok(reply.into_inner().refund.unwrap())
}

#[tokio::test]
async fn a_refund_of_cash_waits_for_the_payer_and_is_paid_once() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let payment = desk.takes_cash(&world).await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 1_200).await.unwrap();
    world.later(Duration::from_hours(48)).await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Reserved);
    let carded = pay(&desk, leg, Some(slip("200000000001"))).await.unwrap_err();
    assert_eq!(carded.code(), Code::InvalidArgument);
    assert_eq!(
        pay(&desk, leg, None).await.unwrap().state(),
        pb::RefundState::Succeeded
    );
    let again = pay(&desk, leg, None).await.unwrap_err();
    assert_eq!(reason(&again), "REFUND_NOT_AT_DRAWER");
    assert_eq!(world.facts("refund_succeeded").await, 1);
    let counted = desk
        .count(&[(10_000, 36), (5_000, 1), (2_000, 1), (500, 1), (100, 3)], "")
        .await;
    assert_eq!(counted.unwrap().expected, Some(fen(PRICE + 1_000 - 1_200)));
    world.it.settle().await;
    drawers_add_up(&world).await;
}

#[tokio::test]
async fn a_refund_of_a_card_goes_back_to_a_card_and_leaves_the_cash() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let intent = world.intent().await;
    desk.take(desk.card(&intent, "100000000017")).await.unwrap();
    let payment = world.payment_of(&intent).await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, PRICE).await.unwrap();
    assert_eq!(
        pay(&desk, leg, None).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let used = pay(&desk, leg, Some(slip("100000000017"))).await.unwrap_err();
    assert_eq!(reason(&used), "SLIP_USED");
    pay(&desk, leg, Some(slip("200000000001"))).await.unwrap();
    let counted = desk.count(&[(1_000, 1)], "").await.unwrap();
    assert_eq!(counted.expected, Some(fen(1_000)));
    drawers_add_up(&world).await;
}

#[tokio::test]
async fn a_refund_that_nobody_fetches_bounces_and_one_beyond_the_drawer_is_refused() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let payment = desk.takes_cash(&world).await;
    desk.moves(pb::CashDirection::Out, PRICE).await.unwrap();
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, PRICE).await.unwrap();
    assert_eq!(reason(&pay(&desk, leg, None).await.unwrap_err()), "DRAWER_SHORT");
    world.it.settle().await;
    world.later(Duration::from_hours(24 * 30)).await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Bounced);
    assert_eq!(world.facts("refund_bounced").await, 1);
    let late = pay(&desk, leg, None).await.unwrap_err();
    assert_eq!(reason(&late), "REFUND_NOT_AT_DRAWER");
    drawers_add_up(&world).await;
}

#[tokio::test]
async fn money_of_a_channel_is_not_given_back_at_a_drawer() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let payment = world.payment().await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 100).await.unwrap();
    let refused = pay(&desk, leg, None).await.unwrap_err();
    assert_eq!(reason(&refused), "REFUND_NOT_AT_DRAWER");
    world.refunds_done().await;
}
