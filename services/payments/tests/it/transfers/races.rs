use futures::future::join_all;
use proto::studio::payments::v1 as pb;

use super::{came_for, confirm, propose, transfers_proven};
use crate::world::{PRICE, World, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_confirmations_capture_once() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE + 7).await;
    let proposed = propose(&world, &item, pb::SuspenseEnd::Assign, Some(&intent))
        .await
        .unwrap();
    let all = join_all((0..16).map(|_| confirm(&world, &proposed))).await;
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1);
    assert_eq!(world.facts("payment_captured").await, 1);
    transfers_proven(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_transfers_for_one_due_pay_it_once_whoever_confirms_first() {
    let world = World::open().await;
    for round in 0..8 {
        let intent = world.intent().await;
        let mut proposed = Vec::new();
        for one in 0..2 {
            let item = came_for(&world, &intent, &format!("S{round}{one}"), PRICE).await;
            let end = pb::SuspenseEnd::Assign;
            proposed.push(propose(&world, &item, end, Some(&intent)).await.unwrap());
        }
        let (one, other) = tokio::join!(confirm(&world, &proposed[0]), confirm(&world, &proposed[1]));
        let refused = match (one, other) {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            (one, other) => panic!("{one:?} {other:?}"),
        };
        assert_eq!(reason(&refused), "ALREADY_PAID");
    }
    assert_eq!(world.facts("payment_captured").await, 8);
    transfers_proven(&world).await;
}
