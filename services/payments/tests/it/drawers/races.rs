use futures::future::join_all;
use proto::studio::payments::v1 as pb;

use super::{Desk, drawers_add_up, open};
use crate::world::{PRICE, World, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_takes_for_one_intent_take_once() {
    let world = World::open().await;
    let desks = join_all((0..16).map(|_| Desk::open(&world))).await;
    let intent = world.intent().await;
    let taken = join_all(desks.iter().map(|desk| desk.take(desk.cash(&intent, PRICE)))).await;
    assert_eq!(taken.iter().filter(|t| t.is_ok()).count(), 1);
    for refused in taken.iter().filter_map(|t| t.as_ref().err()) {
        assert_eq!(reason(refused), "ALREADY_PAID");
    }
    assert_eq!(world.facts("payment_captured").await, 1);
    drawers_add_up(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_take_against_the_count_is_in_the_drawer_or_refused() {
    let world = World::open().await;
    for _ in 0..8 {
        let desk = Desk::open(&world).await;
        let intent = world.intent().await;
        let (taken, counted) = tokio::join!(
            desk.take(desk.cash(&intent, PRICE)),
            desk.count(&[(1_000, 1)], "数过")
        );
        let counted = counted.unwrap();
        let inside = counted.expected.unwrap().minor - 1_000;
        match taken {
            Ok(_) => assert_eq!(inside, PRICE),
            Err(refused) => assert_eq!((reason(&refused).as_str(), inside), ("DRAWER_COUNTED", 0)),
        }
    }
    drawers_add_up(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn takes_and_cash_that_leaves_at_once_add_up() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    let intents = join_all((0..6).map(|_| world.intent())).await;
    let (taken, left) = tokio::join!(
        join_all(intents.iter().map(|intent| desk.take(desk.cash(intent, PRICE)))),
        join_all((0..6).map(|_| desk.moves(pb::CashDirection::Out, 1_000)))
    );
    assert!(taken.iter().all(Result::is_ok));
    assert!(left.iter().any(Result::is_ok));
    drawers_add_up(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_openings_by_one_person_open_one_drawer() {
    let world = World::open().await;
    let client = super::clerk(&world);
    let opened = join_all((0..16).map(|_| {
        let (mut client, world) = (client.clone(), &world);
        async move { open(&mut client, world).await }
    }))
    .await;
    assert_eq!(opened.iter().filter(|o| o.is_ok()).count(), 1);
    for refused in opened.iter().filter_map(|o| o.as_ref().err()) {
        assert_eq!(reason(refused), "DRAWER_HELD");
    }
}
