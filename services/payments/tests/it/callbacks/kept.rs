//! What is not believed is kept all the same, as far as there is room.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::{Clock, PersonId};
use platform::vault::Sealed;
use proto::studio::payments::v1 as pb;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use sqlx::Row as _;
use testkit::house;
use testkit::wechat::sign::{SigningKey, answer_text, encrypt};
use testkit::wechat::{APPID, MCHID};

use crate::world::{Told, World};

/// Somebody who knocks at the door of the merchant `house`.
pub struct Caller {
    client: Client,
    door: String,
}

impl Caller {
    pub fn of(world: &World) -> Self {
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            door: format!(
                "http://{}/callbacks/wechat/house",
                world.it.listener("callbacks").unwrap()
            ),
        }
    }

    pub fn post(&self, body: impl Into<Vec<u8>>) -> RequestBuilder {
        self.client.post(&self.door).body(body.into())
    }

    pub async fn refused(&self, body: impl Into<Vec<u8>>) {
        assert_eq!(self.post(body).send().await.unwrap().status(), 401);
    }

    /// A notification that the channel signed.
    async fn signed(&self, body: Vec<u8>) -> u16 {
        let text = |name: &str| std::fs::read_to_string(house::keys().wechat(name)).unwrap();
        let (time, nonce) = (Clock::real().timestamp().to_string(), "n".repeat(32));
        let key = SigningKey::from_pem(&text("platform-private.pem")).unwrap();
        let signature = key.sign(&answer_text(&time, &nonce, &body)).unwrap();
        let answer = self
            .post(body)
            .header("Wechatpay-Timestamp", time)
            .header("Wechatpay-Nonce", nonce)
            .header("Wechatpay-Signature", signature)
            .header("Wechatpay-Serial", text("platform-key-id").trim())
            .send();
        answer.await.unwrap().status().as_u16()
    }
}

/// A notification of a payment with this id.
fn notice(id: &str, attempt: &pb::Attempt, total: i64) -> Vec<u8> {
    let secret = std::fs::read_to_string(house::keys().wechat("api-v3-key")).unwrap();
    let told = json!({
        "appid": APPID, "mchid": MCHID, "out_trade_no": attempt.channel_number, "transaction_id": "4200001",
        "trade_state": "SUCCESS", "success_time": "2026-11-22T10:00:00+08:00",
        "amount": { "total": total, "payer_total": total, "currency": "CNY" },
    });
    let nonce = "0123456789ab";
    let plain = told.to_string();
    let sealed = encrypt(secret.trim().as_bytes(), nonce, "transaction", plain.as_bytes()).unwrap();
    let envelope: Value = json!({
        "id": id, "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource",
        "resource": {
            "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "ciphertext": sealed,
            "associated_data": "transaction", "nonce": nonce,
        },
    });
    envelope.to_string().into_bytes()
}

/// The only refused callback: why, how often it came, its digest, and what was kept.
async fn only(world: &World) -> (String, i32, Vec<u8>, Vec<u8>) {
    let row = sqlx::query("select why, deliveries, body_digest, sealed_for, body from refused_callbacks")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    let sealed = Sealed {
        bytes: row.get("body"),
    };
    let mut conn = world.it.pool().acquire().await.unwrap();
    let owner = PersonId(row.get("sealed_for"));
    let vault = world.it.app().vault();
    let opened = vault
        .open_bytes(&mut conn, owner, "refused_callbacks.body", &sealed)
        .await;
    let opened = opened.unwrap().unwrap();
    assert!(
        !sealed
            .bytes
            .windows(8)
            .any(|part| part == &opened[opened.len() - 8..])
    );
    (
        row.get("why"),
        row.get("deliveries"),
        row.get("body_digest"),
        opened,
    )
}

async fn rows(world: &World) -> i64 {
    world
        .count("select count(*) from refused_callbacks where $1 = ''", "")
        .await
}

#[tokio::test]
async fn a_body_that_is_not_believed_is_kept_sealed_with_its_digest_and_why() {
    let world = World::open().await;
    let caller = Caller::of(&world);
    let body = b"\xff\xfe no channel says so".to_vec();
    for _ in 0..2 {
        let knock = caller
            .post(body.clone())
            .header("Wechatpay-Nonce", "n")
            .header("Cookie", "c");
        assert_eq!(knock.send().await.unwrap().status(), 401);
    }
    let (why, deliveries, said, kept) = only(&world).await;
    assert_eq!((why.as_str(), deliveries), ("headers", 2));
    assert_eq!(said, digest(&SHA256, &body).as_ref());
    assert_eq!(kept, [b"wechatpay-nonce: n\r\n\r\n", body.as_slice()].concat());
    caller.refused("another").await;
    assert_eq!(rows(&world).await, 2);
}

#[tokio::test]
async fn one_id_with_two_contents_keeps_both_bodies() {
    let world = World::open().await;
    let caller = Caller::of(&world);
    let attempt = world.qr(&world.intent().await).await;
    let (first, second) = (notice("one", &attempt, 1), notice("one", &attempt, 2));
    for body in [&first, &second, &second] {
        assert_eq!(caller.signed(body.clone()).await, 204);
    }
    let (why, deliveries, said, kept) = only(&world).await;
    assert_eq!((why.as_str(), deliveries), ("another_content", 2));
    assert_eq!(said, digest(&SHA256, &second).as_ref());
    assert_eq!(kept, [b"\r\n", second.as_slice()].concat());
    assert_eq!(
        world
            .count(
                "select count(*) from quarantine where why = $1",
                "another content"
            )
            .await,
        1
    );
}

/// Room for four small bodies.
const SMALL: &str = "refused = { window_s = 3600, most_bytes = 4400, keep_days = 30 }";

async fn unkept(world: &World) -> i64 {
    world
        .count(
            "select coalesce(sum(not_kept), 0)::bigint from refused_windows where $1 = ''",
            "",
        )
        .await
}

#[tokio::test]
async fn a_flood_of_refused_bodies_fills_its_window_and_no_more_and_the_rest_is_counted() {
    let world = World::open_told(Told {
        callbacks: SMALL,
        ..Told::default()
    })
    .await;
    let caller = Caller::of(&world);
    let bodies = (0..60).map(|at| caller.refused(format!("body {at}")));
    futures::future::join_all(bodies).await;
    assert_eq!(rows(&world).await, 4);
    world.it.advance(Duration::from_secs(2));
    caller.refused("one more").await;
    assert_eq!((rows(&world).await, unkept(&world).await), (4, 57));
    // what is refused for another reason has room of its own, and so has the next hour
    let signed = caller.signed(b"{}".to_vec()).await;
    assert_eq!((signed, rows(&world).await), (401, 5));
    world.it.advance(Duration::from_hours(1));
    caller.refused("later").await;
    assert_eq!(rows(&world).await, 6);
}

#[tokio::test]
async fn refused_bodies_are_forgotten_after_their_days() {
    let world = World::open().await;
    world.left_standing("forget_refused").await;
    let caller = Caller::of(&world);
    caller.refused("old").await;
    world.later(Duration::from_hours(29 * 24)).await;
    caller.refused("young").await;
    world.later(Duration::from_hours(25)).await;
    world.later(Duration::from_hours(1)).await;
    assert_eq!(rows(&world).await, 1);
}
