//! Callbacks of every strange form, from strangers and, well signed, from the
//! channel itself: nothing breaks and nothing is paid that was not.

use kernel::Clock;
use proto::studio::payments::v1::AttemptState;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use serde_json::{Value, json};
use testkit::house;
use testkit::wechat::sign::{SigningKey, answer_text, encrypt};
use testkit::wechat::{APPID, MCHID};

use crate::world::World;

const CALLBACKS: usize = 600;

/// The platform of the channel, gone mad.
struct Channel {
    key: SigningKey,
    key_id: String,
    secret: Vec<u8>,
    chance: StdRng,
}

impl Channel {
    fn new(seed: u64) -> Self {
        let file = |name: &str| std::fs::read_to_string(house::keys().wechat(name)).unwrap();
        Self {
            key: SigningKey::from_pem(&file("platform-private.pem")).unwrap(),
            key_id: file("platform-key-id").trim().to_owned(),
            secret: file("api-v3-key").trim().as_bytes().to_vec(),
            chance: StdRng::seed_from_u64(seed),
        }
    }

    /// A transaction of another amount than was asked for, with something
    /// else wrong as well.
    fn transaction(&mut self, number: &str) -> Vec<u8> {
        let mut told = json!({
            "appid": APPID, "mchid": MCHID, "out_trade_no": number, "transaction_id": "4200001",
            "trade_state": "SUCCESS", "success_time": "2026-11-22T10:00:00+08:00",
            "amount": { "total": 1, "payer_total": 1, "currency": "CNY" },
        });
        for _ in 0..self.chance.random_range(0..3) {
            let fields = [
                "appid",
                "mchid",
                "out_trade_no",
                "transaction_id",
                "trade_state",
                "success_time",
                "amount",
            ];
            let field = *fields.choose(&mut self.chance).unwrap();
            told[field] = self.anything();
        }
        if self.chance.random_bool(0.2) && told["amount"].is_object() {
            told["amount"]["total"] = json!(*[i64::MIN, -1, 0, i64::MAX].choose(&mut self.chance).unwrap());
        }
        let mut text = told.to_string().into_bytes();
        if self.chance.random_bool(0.1) {
            text.truncate(self.chance.random_range(0..text.len()));
        }
        text
    }

    fn anything(&mut self) -> Value {
        let values = [
            json!(null),
            json!({}),
            json!([]),
            json!(-1),
            json!(1e308),
            json!(u64::MAX),
            json!(""),
            json!("a\0b"),
            json!("字".repeat(5_000)),
            json!("\u{202e}\u{feff}"),
            json!("0000-00-00T00:00:00Z"),
            json!("9999-12-31T23:59:60+23:59"),
            json!("REFUND"),
            json!({ "total": "12", "currency": null }),
            json!({ "total": 0.5, "currency": "XXX" }),
        ];
        values.choose(&mut self.chance).unwrap().clone()
    }

    fn envelope(&mut self, number: &str) -> Vec<u8> {
        let plain = match self.chance.random_range(0..8) {
            0 => "[".repeat(30_000).into_bytes(),
            1 => self.noise(300),
            _ => self.transaction(number),
        };
        let nonce = "0123456789ab";
        let ciphertext = encrypt(&self.secret, nonce, "transaction", &plain).unwrap();
        let mut envelope = json!({
            "id": kernel::fresh_uuid(), "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource",
            "resource": {
                "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "ciphertext": ciphertext,
                "associated_data": "transaction", "nonce": nonce,
            },
        });
        match self.chance.random_range(0..8) {
            0 => envelope["id"] = self.anything(),
            1 => envelope["event_type"] = self.anything(),
            2 => envelope["resource"]["nonce"] = self.anything(),
            3 => envelope["resource"]["ciphertext"] = self.anything(),
            4 => envelope["resource"]["original_type"] = self.anything(),
            5 => envelope["resource"] = self.anything(),
            _ => {}
        }
        envelope.to_string().into_bytes()
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        let mut noise = vec![0; self.chance.random_range(0..most)];
        self.chance.fill_bytes(&mut noise);
        noise
    }

    /// Headers that prove a body, or do not.
    fn headers(&mut self, body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let time = Clock::real().timestamp().to_string();
        let nonce = "n".repeat(32);
        let signature = self.key.sign(&answer_text(&time, &nonce, body)).unwrap();
        let mut headers: Vec<(&str, Vec<u8>)> = vec![
            ("Wechatpay-Timestamp", time.into()),
            ("Wechatpay-Nonce", nonce.into()),
            ("Wechatpay-Signature", signature.into()),
            ("Wechatpay-Serial", self.key_id.clone().into()),
        ];
        if self.chance.random_bool(0.3) {
            let at = self.chance.random_range(0..headers.len());
            let odd: [&[u8]; 7] = [
                b"",
                b"-1",
                b"9223372036854775808",
                b"\xff\xfe",
                b"====",
                b"WECHATPAY/SIGNTEST/x",
                &[b'x'; 9_000],
            ];
            headers[at].1 = odd.choose(&mut self.chance).unwrap().to_vec();
            if self.chance.random_bool(0.3) {
                headers.remove(at);
            }
        }
        headers
    }
}

#[tokio::test]
async fn no_callback_breaks_the_door_or_pays_what_was_not_paid() {
    let seed = u64::from_be_bytes(*kernel::fresh_uuid().as_bytes().last_chunk().unwrap());
    println!("strange callbacks: seed {seed}");
    let mut channel = Channel::new(seed);
    let world = World::open().await;
    let attempt = world.qr(&world.intent().await).await;
    let door = format!("http://{}", world.it.listener("callbacks").unwrap());
    let client = reqwest::Client::new();
    let mut believed = 0;
    for _ in 0..CALLBACKS {
        let body = match channel.chance.random_range(0..6) {
            0 => channel.noise(500),
            1 => vec![b'['; 60_000],
            _ => channel.envelope(&attempt.channel_number),
        };
        let paths = [
            "house", "house", "house", "house", "stranger", "nobody", "%00", "..%2f",
        ];
        let path = format!(
            "{door}/callbacks/wechat/{}",
            paths.choose(&mut channel.chance).unwrap()
        );
        let mut request = client.post(path).body(body.clone());
        for (name, value) in channel.headers(&body) {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        believed += usize::from(status == 204);
        let asks_again = status == 500 && text.contains("unknown order");
        assert!(
            asks_again || [204, 400, 401, 404, 431].contains(&status),
            "{status} {text} for {}",
            String::from_utf8_lossy(&body)
        );
    }
    assert!(
        believed > CALLBACKS / 60,
        "only {believed} came past the signature"
    );
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        AttemptState::AwaitingPayment
    );
    assert_eq!(world.facts("payment_captured").await, 0);
    world.pay(&attempt).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        AttemptState::Paid
    );
}
