//! What people write about an order stays out of the facts, which every
//! subscriber keeps and nobody can take back.

use kernel::{PaymentId, PersonId};
use proto::studio::orders::v1 as pb;

use crate::world::{PRICE, World, id};

const WORDS: &str = "林晓住院了";

async fn facts_that_tell(world: &World, words: &str) -> i64 {
    let mut found = 0;
    for table in ["outbox", "feed"] {
        let sql = format!(
            "select count(*) from {table} t where strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0"
        );
        found += sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql))
            .bind(words)
            .fetch_one(world.it.pool())
            .await
            .unwrap();
    }
    found
}

#[tokio::test]
async fn what_staff_ask_and_decide_is_in_no_fact() {
    let world = World::open().await;
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
    assert_eq!(facts_that_tell(&world, WORDS).await, 0);
    assert_eq!(world.see(&order.order_id).await.reason, WORDS);
}

#[tokio::test]
async fn why_a_member_declines_or_wants_a_change_is_in_no_fact() {
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
    assert_eq!(facts_that_tell(&world, WORDS).await, 0);
}

#[tokio::test]
async fn why_a_member_cancels_is_in_no_fact_even_when_money_follows() {
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
    assert_eq!(facts_that_tell(&world, WORDS).await, 0);
}
