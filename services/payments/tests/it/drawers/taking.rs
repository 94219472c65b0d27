use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::drawer_service_client::DrawerServiceClient;
use tonic::Code;

use super::{Desk, clerk, drawers_add_up, open, slip};
use crate::world::{PRICE, World, fen, reason, request_id};

#[tokio::test]
async fn cash_pays_an_intent_once_with_receipt_and_change() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let intent = world.intent().await;
    let request = desk.cash(&intent, PRICE + 2_000);
    let taken = desk.take(request.clone()).await.unwrap();
    assert_eq!(taken.change, Some(fen(2_000)));
    let attempt = taken.attempt.clone().unwrap();
    assert_eq!(
        (attempt.state(), attempt.method()),
        (pb::AttemptState::Paid, pb::Method::Cash)
    );
    assert_eq!(desk.take(request).await.unwrap(), taken);
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    let payment = world.payment_of(&intent).await;
    assert_eq!(payment.amount, Some(fen(PRICE)));
    assert!(!payment.receipt_number.is_empty());
    let again = desk.take(desk.cash(&intent, PRICE)).await.unwrap_err();
    assert_eq!(reason(&again), "ALREADY_PAID");
    assert_eq!(world.facts("payment_captured").await, 1);
    drawers_add_up(&world).await;
}

#[tokio::test]
async fn a_card_is_taken_by_its_slip_and_a_slip_pays_once() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let (first, second) = (world.intent().await, world.intent().await);
    let taken = desk.take(desk.card(&first, "100000000017")).await.unwrap();
    assert_eq!(taken.change, None);
    let payment = world.payment_of(&first).await;
    assert_eq!(
        (payment.method(), payment.channel_transaction.as_str()),
        (pb::Method::CardTerminal, "T0017-100000000017")
    );
    let again = desk.take(desk.card(&second, "100000000017")).await.unwrap_err();
    assert_eq!(reason(&again), "SLIP_USED");
    desk.take(desk.card(&second, "100000000018")).await.unwrap();
    let counted = desk.count(&[(1_000, 1)], "").await.unwrap();
    assert_eq!(counted.expected, Some(fen(1_000)));
    drawers_add_up(&world).await;
}

#[tokio::test]
async fn too_little_cash_both_ways_at_once_and_a_whole_card_number_are_refused() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let intent = world.intent().await;
    let short = desk.take(desk.cash(&intent, PRICE - 1)).await.unwrap_err();
    assert_eq!(reason(&short), "TENDERED_TOO_LITTLE");
    let both = pb::TakeMoneyRequest {
        card: Some(slip("100000000017")),
        ..desk.cash(&intent, PRICE)
    };
    assert_eq!(desk.take(both).await.unwrap_err().code(), Code::InvalidArgument);
    let mut whole = desk.card(&intent, "100000000017");
    whole.card.as_mut().unwrap().last_four = "6225880137061234".to_owned();
    assert_eq!(desk.take(whole).await.unwrap_err().code(), Code::InvalidArgument);
    let elsewhere = world
        .start_by(world.it.as_service("orders"), &intent, pb::Method::Cash)
        .await;
    assert_eq!(elsewhere.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Open);
}

#[tokio::test]
async fn a_qr_that_is_open_is_taken_back_before_cash_is_taken() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let intent = world.intent().await;
    let qr = world.qr(&intent).await;
    let first = desk.take(desk.cash(&intent, PRICE)).await.unwrap();
    let closing = first.attempt.unwrap();
    assert_eq!((closing.attempt_id, first.change), (qr.attempt_id.clone(), None));
    world.it.settle().await;
    desk.take(desk.cash(&intent, PRICE)).await.unwrap();
    assert_eq!(
        world.attempt(&qr.attempt_id).await.state(),
        pb::AttemptState::Cancelled
    );
    assert_eq!(world.payment_of(&intent).await.method(), pb::Method::Cash);
    drawers_add_up(&world).await;
}

#[tokio::test]
async fn a_drawer_is_worked_by_its_holder_for_its_studio_alone() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let second = open(&mut desk.client.clone(), &world).await.unwrap_err();
    assert_eq!(reason(&second), "DRAWER_HELD");

    let intent = world.intent().await;
    let stranger = Desk {
        client: clerk(&world),
        drawer: desk.drawer.clone(),
    };
    let refused = stranger.take(stranger.cash(&intent, PRICE)).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_YOUR_DRAWER");
    let refused = stranger.moves(pb::CashDirection::Out, 100).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_YOUR_DRAWER");

    let xuhui = world.it.as_staff(Role::FrontDesk, world.chain.xuhui);
    let elsewhere = Desk {
        client: DrawerServiceClient::new(xuhui),
        drawer: desk.drawer.clone(),
    };
    let refused = elsewhere.take(elsewhere.cash(&intent, PRICE)).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND");

    let mut director =
        DrawerServiceClient::new(world.it.as_staff(Role::StudioDirector, world.chain.operator));
    let drawer = director
        .open_drawer(pb::OpenDrawerRequest {
            request_id: request_id(),
            studio_id: world.chain.xuhui.to_string(),
            opening: Some(fen(0)),
        })
        .await
        .unwrap()
        .into_inner()
        .drawer
        .unwrap();
    let director = Desk {
        client: director,
        drawer,
    };
    let refused = director.take(director.cash(&intent, PRICE)).await.unwrap_err();
    assert_eq!(reason(&refused), "OTHER_STUDIO");
}
