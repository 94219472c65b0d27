//! What the database refuses whatever the code does.

use std::time::Duration;

use crate::charging::{At, Call, Does, Wrong};
use crate::world::World;

/// Tries each edit as the superuser, and wants the named guard to refuse it.
async fn refused(world: &World, edits: &[(&'static str, &str)]) {
    for (edit, guard) in edits {
        let error = sqlx::query(*edit)
            .execute(world.it.pool())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(guard), "{edit}: {error}");
    }
}

#[tokio::test]
async fn no_payment_gives_back_more_than_it_took() {
    let world = World::open().await;
    world.payment().await;
    refused(
        &world,
        &[
            (
                "update payments set refunded_minor = paid_minor + 1, version = version + 1",
                "payments_refund_ceiling",
            ),
            (
                "update payments set refund_reserved_minor = 1, refunded_minor = paid_minor, version = version + 1",
                "payments_refund_ceiling",
            ),
            (
                "update payments set refund_reserved_minor = -1, version = version + 1",
                "payments_refund_reserved_minor_check",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn no_intent_has_two_live_attempts_nor_two_payments() {
    let world = World::open().await;
    let intent = world.intent().await;
    world.start(&intent).await.unwrap();
    let twin = "insert into attempts (attempt_id, intent_id, person_id, studio_id, method, merchant, channel_number,
                                      amount_minor, description, state, expire_at, channel_expire_at, created_at)
                select gen_random_uuid(), intent_id, person_id, studio_id, method, merchant, channel_number || 'X',
                       amount_minor, description, 'creating', expire_at, channel_expire_at, created_at from attempts";
    refused(&world, &[(twin, "attempts_live_key")]).await;

    world.payment().await;
    let twin = "insert into payments select (jsonb_populate_record(p, jsonb_build_object(
                    'payment_id', gen_random_uuid(), 'attempt_id', gen_random_uuid(),
                    'channel_transaction', channel_transaction || 'X'))).* from payments p";
    refused(&world, &[(twin, "payments_intent_key")]).await;
}

#[tokio::test]
async fn what_ended_does_not_come_back() {
    let world = World::open().await;
    world.payment().await;
    refused(
        &world,
        &[
            (
                "update attempts set state = 'creating', version = version + 1 where state = 'paid'",
                "cannot go from paid to creating",
            ),
            (
                "update intents set state = 'open', version = version + 1 where state = 'paid'",
                "cannot go from paid to open",
            ),
            (
                "update attempts set version = version + 2 where state = 'paid'",
                "went from version",
            ),
        ],
    )
    .await;
}

/// A charge whose reversal may be on its way.
async fn reversing(world: &World) {
    At::Wechat.next(world, Does::Thinks, &[(Call::Reverse, Wrong::Undone, 9)]);
    let intent = world.intent().await;
    world.charge(At::Wechat, &intent, 1).await.unwrap();
    world.while_passes(Duration::from_secs(50)).await;
}

#[tokio::test]
async fn what_is_being_reversed_is_not_paid_and_who_pays_is_not_kept_for_long() {
    let world = World::open().await;
    reversing(&world).await;
    let unseen = world.intent().await;
    world.start(&unseen).await.unwrap();
    refused(
        &world,
        &[
            (
                "update attempts set state = 'paid', paid_at = now(), version = version + 1 where reversing",
                "attempts_reversing_check",
            ),
            (
                "update attempts set payer = 'o-1', version = version + 1 where reversing",
                "attempts_payer_check",
            ),
            (
                "update attempts set state = 'awaiting_payment', version = version + 1 where method = 'wechat_native'",
                "attempts_code_check",
            ),
        ],
    )
    .await;
}
