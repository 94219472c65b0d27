mod kept;
mod limited;

use std::time::Duration;

use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::wechat::{Forgery, Script};

use crate::world::World;

/// How payments answered each forged callback.
fn answers(world: &World) -> Vec<u16> {
    world
        .sim
        .sent()
        .iter()
        .filter(|s| s.forged.is_some())
        .filter_map(|s| s.status)
        .collect()
}

#[rstest]
#[case::bad_signature(Forgery::BadSignature)]
#[case::the_channels_probe(Forgery::SignTest)]
#[case::old_timestamp(Forgery::StaleTimestamp)]
#[case::unknown_serial(Forgery::UnknownSerial)]
#[case::wrong_api_v3_key(Forgery::WrongKey)]
#[tokio::test]
async fn a_callback_that_proves_nothing_is_refused_and_leaves_no_trace(#[case] forgery: Forgery) {
    let world = World::open().await;
    world.sim.script_next(Script {
        forged: vec![forgery; 3],
        lose_callback: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    assert_eq!(answers(&world), [401; 3]);
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::AwaitingPayment
    );
    assert_eq!(
        world
            .count("select count(*) from callbacks where $1 = ''", "")
            .await,
        0
    );
}

/// Well signed but not what we asked for: kept for a person and acknowledged, so
/// that repeats do not hide it, and applied to nothing.
#[rstest]
#[case::amount(Forgery::WrongAmount, "amount")]
#[case::merchant(Forgery::WrongMerchant, "merchant")]
#[tokio::test]
async fn a_callback_that_contradicts_us_is_quarantined_and_applied_to_nothing(
    #[case] forgery: Forgery,
    #[case] why: &str,
) {
    let world = World::open().await;
    world.sim.script_next(Script {
        forged: vec![forgery],
        lose_callback: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    assert_eq!(answers(&world), [204]);
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::AwaitingPayment
    );
    assert_eq!(
        world
            .count("select count(*) from quarantine where why = $1", why)
            .await,
        1
    );
    assert_eq!(
        world
            .count("select count(*) from callbacks where state = $1", "quarantined")
            .await,
        1
    );
    assert_eq!(world.facts("payment_captured").await, 0);
}

#[tokio::test]
async fn a_query_that_tells_another_amount_is_quarantined_and_applied_to_nothing() {
    let world = World::open().await;
    world.sim.script_next(Script {
        lose_callback: true,
        amount_off_by: -1,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    for _ in 0..3 {
        world.later(Duration::from_secs(3)).await;
    }
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::AwaitingPayment
    );
    assert_eq!(
        world
            .count("select count(*) from quarantine where source = $1", "query")
            .await,
        1
    );
    assert_eq!(world.facts("payment_captured").await, 0);
}

#[tokio::test]
async fn the_same_callback_again_is_acknowledged_and_does_nothing() {
    let world = World::open().await;
    world.sim.script_next(Script {
        duplicate_callback: 9,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    let sent = world.sim.sent();
    assert_eq!(sent.len(), 10);
    assert!(sent.iter().all(|s| s.status == Some(204)));
    assert_eq!(
        world
            .count(
                "select count(*) from callbacks where state = $1 and deliveries = 10",
                "applied"
            )
            .await,
        1
    );
    assert_eq!(
        (
            world.facts("payment_captured").await,
            world.facts("receipt_issued").await
        ),
        (1, 1)
    );
}

async fn rename(world: &World, from: &str, to: &str) {
    sqlx::query("update attempts set channel_number = $2, version = version + 1 where channel_number = $1")
        .bind(from)
        .bind(to)
        .execute(world.it.pool())
        .await
        .unwrap();
}

/// It may be racing our own commit: the channel is asked to repeat it, and then
/// it counts.
#[tokio::test]
async fn a_callback_for_an_order_that_is_not_there_yet_counts_when_it_comes_again() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    rename(&world, &attempt.channel_number, "hidden").await;
    world.sim.pay(&attempt.channel_number).unwrap();
    turned_away(&world).await;
    rename(&world, "hidden", &attempt.channel_number).await;
    world.callbacks_done().await;
    let statuses: Vec<_> = world.sim.sent().iter().filter_map(|s| s.status).collect();
    assert_eq!((statuses[0], statuses.last()), (500, Some(&204)));
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Paid
    );
    assert_eq!(
        world
            .count("select count(*) from callbacks where state = $1", "applied")
            .await,
        1
    );
}

async fn turned_away(world: &World) {
    testkit::until("a callback is turned away", async || {
        world.sim.sent().iter().any(|s| s.status == Some(500))
    })
    .await;
}

/// A payment whose callback came when nothing here had its number.
async fn unmatched(world: &World) -> pb::Attempt {
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    rename(world, &attempt.channel_number, "hidden").await;
    world.sim.pay(&attempt.channel_number).unwrap();
    turned_away(world).await;
    // neither does the channel repeat it, nor does it answer a question
    world.sim.reset();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(kept(world, "unmatched").await, 1);
    attempt
}

async fn kept(world: &World, state: &str) -> i64 {
    world
        .count("select count(*) from callbacks where state = $1", state)
        .await
}

#[tokio::test]
async fn a_callback_for_an_order_that_was_not_there_counts_without_being_repeated() {
    let world = World::open().await;
    let attempt = unmatched(&world).await;
    rename(&world, "hidden", &attempt.channel_number).await;
    world.later(Duration::from_secs(61)).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Paid
    );
    assert_eq!(
        (kept(&world, "applied").await, kept(&world, "unmatched").await),
        (1, 0)
    );
    world.books_balance().await;
}

#[tokio::test]
async fn an_order_that_nobody_has_is_looked_for_for_a_month() {
    let world = World::open().await;
    unmatched(&world).await;
    let looking = || {
        world.count(
            "select count(*) from tasks where kind = $1 and state = 'waiting'",
            "match_callback",
        )
    };
    world.later(Duration::from_secs(61)).await;
    world.later(Duration::from_hours(29 * 24)).await;
    assert_eq!(looking().await, 1);
    world.later(Duration::from_hours(25)).await;
    assert_eq!(looking().await, 0);
    assert_eq!(kept(&world, "unmatched").await, 1, "a person has to look");
}

#[tokio::test]
async fn what_is_no_callback_is_refused_by_size_address_and_method() {
    let world = World::open().await;
    let door = format!("http://{}/callbacks", world.it.listener("callbacks").unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |path: &str, body: Vec<u8>| {
        let request = http.post(format!("{door}{path}")).body(body);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(post("/wechat/house", vec![b'x'; 65_537]).await, 413);
    assert_eq!(post("/wechat/house", b"{}".to_vec()).await, 401);
    assert_eq!(post("/wechat/nobody", b"{}".to_vec()).await, 404);
    assert_eq!(post("/other/house", b"{}".to_vec()).await, 404);
    assert_eq!(
        http.get(format!("{door}/wechat/house"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        405
    );
    assert_eq!(
        world
            .count("select count(*) from callbacks where $1 = ''", "")
            .await,
        0
    );
}

#[tokio::test]
async fn a_refused_callback_is_told_so_in_the_channels_words() {
    let world = World::open().await;
    let door = format!(
        "http://{}/callbacks/wechat/house",
        world.it.listener("callbacks").unwrap()
    );
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(door)
        .body("{}")
        .send()
        .await
        .unwrap();
    assert!(answer.text().await.unwrap().contains(r#""code":"FAIL""#));
}
