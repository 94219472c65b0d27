use std::time::Duration;

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use tonic::Code;

use super::{came, came_for, confirm, decide, items, of_serial, propose, request, transfers_proven};
use crate::world::{PRICE, World, fen, reason};

const ASSIGN: pb::SuspenseEnd = pb::SuspenseEnd::Assign;

#[tokio::test]
async fn a_transfer_under_its_reference_is_suggested_and_two_persons_capture_it() {
    let world = World::open().await;
    let intent = world.intent().await;
    let told = request(&world, &intent).await.unwrap();
    assert_eq!(
        told,
        request(&world, &intent).await.unwrap(),
        "one reference for ever"
    );
    assert_eq!(
        (told.number.as_str(), told.amount.clone()),
        ("6222020200112233", Some(fen(PRICE)))
    );
    let other = request(&world, &world.intent().await).await.unwrap();
    assert_ne!(told.reference, other.reference);

    let item = came_for(&world, &intent, "S1", PRICE).await;
    assert_eq!(item.suggested_intent_id, intent.intent_id);
    assert_eq!(world.facts("suspense_found").await, 1);
    assert_eq!(
        world.facts("payment_captured").await,
        0,
        "a suggestion captures nothing"
    );
    let proposed = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap();
    assert_eq!(world.facts("payment_captured").await, 0);
    let alone = decide(&world, Role::FinanceStaff, &proposed, true)
        .await
        .unwrap_err();
    assert_eq!(reason(&alone), "SAME_PERSON");
    let ended = confirm(&world, &proposed).await.unwrap().item.unwrap();
    assert_eq!(ended.state(), pb::SuspenseState::Assigned);
    assert!(!ended.checker.is_empty() && ended.checker != ended.maker);

    let payment = world.payment_of(&intent).await;
    assert_eq!(payment.method(), pb::Method::BankTransfer);
    assert_eq!(
        (payment.channel_transaction.as_str(), payment.paid_at),
        ("icbc:S1", item.received_at)
    );
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    assert_eq!(world.facts("suspense_ended").await, 1);
    assert_eq!(
        world
            .count("select count(*) from differences where $1 = ''", "")
            .await,
        0
    );
    world.it.settle().await;
    transfers_proven(&world).await;
    let late = confirm(&world, &ended).await.unwrap_err();
    assert_eq!(reason(&late), "SUSPENSE_STATE");
}

#[tokio::test]
async fn a_line_that_comes_again_is_one_item() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE).await;
    came_for(&world, &intent, "S1", PRICE).await;
    world.run_again("settle").await;
    let all = items(&world, pb::ListSuspenseRequest::default()).await;
    assert_eq!(all, [item]);
}

#[tokio::test]
async fn less_than_is_owed_pays_nothing_and_goes_back() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE - 1).await;
    let short = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap_err();
    assert_eq!(reason(&short), "TRANSFER_SHORT");
    let proposed = propose(&world, &item, pb::SuspenseEnd::SendBack, None)
        .await
        .unwrap();
    let declined = decide(&world, Role::FinanceSupervisor, &proposed, false)
        .await
        .unwrap();
    let open = declined.item.unwrap();
    assert_eq!((open.state(), open.maker.as_str()), (pb::SuspenseState::Open, ""));
    let stale = propose(&world, &item, pb::SuspenseEnd::SendBack, None)
        .await
        .unwrap_err();
    assert_eq!(stale.code(), Code::Aborted);
    let proposed = propose(&world, &open, pb::SuspenseEnd::SendBack, None)
        .await
        .unwrap();
    let ended = confirm(&world, &proposed).await.unwrap().item.unwrap();
    assert_eq!(ended.state(), pb::SuspenseState::SentBack);
    assert_eq!(world.facts("payment_captured").await, 0);
    transfers_proven(&world).await;
}

#[tokio::test]
async fn what_is_more_than_the_due_is_an_item_again() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE + 500).await;
    let proposed = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap();
    confirm(&world, &proposed).await.unwrap();
    assert_eq!(world.payment_of(&intent).await.amount, Some(fen(PRICE)));
    let open = pb::ListSuspenseRequest {
        not_ended: true,
        ..Default::default()
    };
    let rest = items(&world, open).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].origin(), pb::SuspenseOrigin::Remainder);
    assert_eq!(rest[0].amount, Some(fen(500)));
    transfers_proven(&world).await;
    world.run_again("settle").await;
    assert_eq!(items(&world, pb::ListSuspenseRequest::default()).await.len(), 2);
}

#[tokio::test]
async fn what_is_more_than_one_due_pays_others_until_nothing_is_left() {
    let world = World::open().await;
    let first = world.intent().await;
    let mut item = came_for(&world, &first, "S1", 3 * PRICE).await;
    for (intent, left) in [(first, 1), (world.intent().await, 1), (world.intent().await, 0)] {
        let proposed = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap();
        confirm(&world, &proposed).await.unwrap();
        assert_eq!(world.payment_of(&intent).await.amount, Some(fen(PRICE)));
        let open = pb::ListSuspenseRequest {
            not_ended: true,
            ..Default::default()
        };
        let rest = items(&world, open).await;
        assert_eq!(rest.len(), left);
        item = rest.into_iter().next().unwrap_or(item);
    }
    transfers_proven(&world).await;
}

#[tokio::test]
async fn an_attempt_at_a_channel_is_closed_before_the_money_is_taken() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE).await;
    let proposed = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap();
    world.qr(&intent).await;
    let waits = confirm(&world, &proposed).await.unwrap();
    assert!(waits.closing);
    assert_eq!(waits.item.unwrap().state(), pb::SuspenseState::Proposed);
    assert_eq!(world.facts("payment_captured").await, 0);
    world.later(Duration::from_mins(1)).await;
    let ended = confirm(&world, &proposed).await.unwrap();
    assert_eq!(ended.item.unwrap().state(), pb::SuspenseState::Assigned);
    world.it.settle().await;
    transfers_proven(&world).await;
}

#[tokio::test]
async fn what_was_paid_otherwise_meanwhile_is_not_paid_again() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE).await;
    let proposed = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap();
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    world.it.settle().await;
    let refused = confirm(&world, &proposed).await.unwrap_err();
    assert_eq!(reason(&refused), "ALREADY_PAID");
    let asked = request(&world, &intent).await.unwrap_err();
    assert_eq!(reason(&asked), "ALREADY_PAID");
    assert_eq!(of_serial(&world, "S1").await, proposed);
    assert_eq!(world.facts("payment_captured").await, 1);
    transfers_proven(&world).await;
}

#[tokio::test]
async fn what_nobody_matches_in_time_is_overdue() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE).await;
    let overdue = || pb::ListSuspenseRequest {
        overdue: true,
        ..Default::default()
    };
    world.it.advance(Duration::from_hours(71));
    assert_eq!(items(&world, overdue()).await, []);
    world.it.advance(Duration::from_hours(2));
    let late = items(&world, overdue()).await;
    assert_eq!(late.len(), 1);
    assert!(late[0].overdue);
    let proposed = propose(&world, &item, pb::SuspenseEnd::SendBack, None)
        .await
        .unwrap();
    assert!(proposed.overdue, "a proposal is no end");
    let ended = confirm(&world, &proposed).await.unwrap().item.unwrap();
    assert!(!ended.overdue);
    assert_eq!(items(&world, overdue()).await, []);
}

#[tokio::test]
async fn a_reference_of_another_company_is_not_suggested_and_pays_nothing() {
    let world = World::open().await;
    let asked = world.asked_of(world.chain.xuhui, world.chain.shanghai_company);
    let intent = world.create(asked).await.unwrap();
    let staff = world.it.as_service("orders");
    let request = pb::RequestTransferRequest {
        request_id: crate::world::request_id(),
        intent_id: intent.intent_id.clone(),
    };
    let mut client = super::TransferServiceClient::new(staff);
    let refused = client.request_transfer(request).await.unwrap_err();
    assert_eq!(reason(&refused), "METHOD_NOT_SET_UP");

    let ours = world.intent().await;
    let item = came_for(&world, &ours, "S1", PRICE).await;
    let refused = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap_err();
    assert_eq!(reason(&refused), "OTHER_LEGAL_ENTITY");
    let nobodys = pb::Intent {
        intent_id: PersonId::fresh().to_string(),
        ..intent
    };
    let missing = propose(&world, &item, ASSIGN, Some(&nobodys)).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let nothing = propose(&world, &item, ASSIGN, None).await.unwrap_err();
    assert_eq!(nothing.code(), Code::InvalidArgument);
}

/// As the superuser, who could write anything.
#[tokio::test]
async fn the_database_wants_two_persons_and_one_use_of_the_money() {
    let world = World::open().await;
    let intent = world.intent().await;
    let item = came_for(&world, &intent, "S1", PRICE).await;
    came(&world, "S2", 5, "T100000000004").await;
    let proposed = propose(&world, &item, ASSIGN, Some(&intent)).await.unwrap();
    confirm(&world, &proposed).await.unwrap();
    for (edit, guard) in [
        (
            "update suspense_items set checker = maker, version = version + 1",
            "two_persons",
        ),
        (
            "update suspense_items set checker = null, version = version + 1",
            "checked_check",
        ),
        (
            "update suspense_items set attempt_id = null, version = version + 1",
            "attempt_check",
        ),
        (
            "update suspense_items set state = 'open', ending = null, version = version + 1",
            "suspense_items",
        ),
    ] {
        let refused = sqlx::query(edit)
            .execute(world.it.pool())
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains(guard), "{edit}: {refused}");
    }
}
