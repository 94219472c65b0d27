use http::{HeaderMap, HeaderValue};
use kernel::Clock;
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use testkit::house;
use testkit::wechat::sign::{PROBE, SCHEME, SigningKey, answer_text, encrypt};
use testkit::wechat::{APPID, MCHID};

use super::{Known, Taken, nobodys, readdressed, rubbish, scratched};
use crate::played::tap::{Letter, Tap};

const DOOR: &str = "/callbacks/wechat/house";
const LIES: [&str; 18] = [
    "rubbish",
    "scratched",
    "swapped",
    "aged",
    "stale",
    "probe",
    "strange serial",
    "strange key",
    "strange seal",
    "at the other channel",
    "at no merchant",
    "again",
    "at another merchant",
    "nobody's order",
    "another amount",
    "another account",
    "another currency",
    "early refund",
];

/// Writes letters as WeChat Pay does.
pub struct Forger {
    platform: SigningKey,
    platform_id: String,
    own: SigningKey,
    api_v3_key: String,
}

impl Forger {
    pub fn new() -> Self {
        let read = |name: &str| std::fs::read_to_string(house::keys().wechat(name)).unwrap();
        Self {
            platform: SigningKey::from_pem(&read("platform-private.pem")).unwrap(),
            platform_id: read("platform-key-id").trim().to_owned(),
            own: SigningKey::from_pem(&read("merchant-private.pem")).unwrap(),
            api_v3_key: read("api-v3-key").trim().to_owned(),
        }
    }

    pub fn write(&self, chance: &mut StdRng, tap: &Tap, known: &Known) -> (&'static str, Letter, Taken) {
        let lie = *LIES.choose(chance).unwrap();
        let heard = tap.believed("/wechat/");
        match (heard.choose(chance), heard.choose(chance)) {
            (Some(one), Some(other)) => match of_heard(chance, lie, one.clone(), other) {
                Some((letter, taken)) => (lie, letter, taken),
                None => self.made_up(chance, lie, known),
            },
            _ => self.made_up(chance, lie, known),
        }
    }

    fn made_up(
        &self,
        chance: &mut StdRng,
        lie: &'static str,
        known: &Known,
    ) -> (&'static str, Letter, Taken) {
        let now = Clock::real().timestamp();
        let mut paid = paid(&known.order(chance));
        match lie {
            "stale" => {
                let letter = self.signed(
                    &self.platform,
                    &self.sealed(chance, "transaction", &paid),
                    now - 600,
                );
                return (lie, letter, Taken::Refused);
            }
            "strange key" => {
                let letter = self.signed(&self.own, &self.sealed(chance, "transaction", &paid), now);
                return (lie, letter, Taken::Refused);
            }
            "strange seal" => {
                let mut other = self.sealed(chance, "transaction", &paid);
                other["resource"]["associated_data"] = json!("refund");
                return (lie, self.signed(&self.platform, &other, now), Taken::Refused);
            }
            "early refund" => {
                let told = refunded(&known.order(chance), &known.refund(chance));
                let body = self.sealed(chance, "refund", &told);
                return (lie, self.signed(&self.platform, &body, now), Taken::Kept);
            }
            "nobody's order" => paid["out_trade_no"] = json!(nobodys(chance)),
            "another amount" => {}
            "another account" => paid["mchid"] = json!("1900000999"),
            "another currency" => paid["amount"]["currency"] = json!("USD"),
            _ => {
                return ("rubbish", rubbish(chance, DOOR), Taken::Refused);
            }
        }
        let body = self.sealed(chance, "transaction", &paid);
        (lie, self.signed(&self.platform, &body, now), Taken::Kept)
    }

    fn sealed(&self, chance: &mut StdRng, kind: &str, told: &Value) -> Value {
        let nonce = format!("{:012}", chance.random_range(0..1_000_000_000_000_u64));
        let ciphertext = encrypt(
            self.api_v3_key.as_bytes(),
            &nonce,
            kind,
            told.to_string().as_bytes(),
        );
        json!({
            "id": kernel::fresh_uuid().to_string(),
            "create_time": "2026-11-21T10:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": if kind == "refund" { "REFUND.SUCCESS" } else { "TRANSACTION.SUCCESS" },
            "summary": "支付成功",
            "resource": {
                "original_type": kind, "algorithm": "AEAD_AES_256_GCM", "ciphertext": ciphertext.unwrap(),
                "associated_data": kind, "nonce": nonce,
            },
        })
    }

    fn signed(&self, key: &SigningKey, body: &Value, at: i64) -> Letter {
        let (body, nonce, at) = (body.to_string(), "N0NCE", at.to_string());
        let signature = key.sign(&answer_text(&at, nonce, body.as_bytes())).unwrap();
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| headers.insert(name, value.parse().unwrap());
        put("wechatpay-timestamp", &at);
        put("wechatpay-nonce", nonce);
        put("wechatpay-signature", &signature);
        put("wechatpay-serial", &self.platform_id);
        put("wechatpay-signature-type", SCHEME);
        Letter {
            path: DOOR.to_owned(),
            headers,
            body: body.into_bytes(),
        }
    }
}

/// What can be made of letters that came over the line.
fn of_heard(chance: &mut StdRng, lie: &str, mut one: Letter, other: &Letter) -> Option<(Letter, Taken)> {
    let refused = |letter| Some((letter, Taken::Refused));
    match lie {
        "scratched" => refused(scratched(chance, one)),
        "swapped" if one.body != other.body => {
            one.body.clone_from(&other.body);
            refused(one)
        }
        "aged" => {
            let old = (Clock::real().timestamp() - 30).to_string();
            let same = one.headers.insert("wechatpay-timestamp", old.parse().unwrap());
            (same.unwrap() != old).then_some((one, Taken::Refused))
        }
        "probe" => {
            let probe = format!("{PROBE}{}", one.headers["wechatpay-signature"].to_str().unwrap());
            one.headers.insert("wechatpay-signature", probe.parse().unwrap());
            refused(one)
        }
        "strange serial" => {
            let serial = HeaderValue::from_static("PUB_KEY_ID_0000000000000000000000000000");
            one.headers.insert("wechatpay-serial", serial);
            refused(one)
        }
        "at the other channel" => refused(readdressed(one, "/callbacks/alipay/house")),
        "at no merchant" => refused(readdressed(one, "/callbacks/wechat/nobody")),
        "again" => Some((one, Taken::Kept)),
        "at another merchant" => Some((readdressed(one, "/callbacks/wechat/stranger"), Taken::Kept)),
        _ => None,
    }
}

/// That an order was paid, for an amount that no order here has.
fn paid(number: &str) -> Value {
    json!({
        "appid": APPID, "mchid": MCHID, "out_trade_no": number, "transaction_id": "4200000000202611220000000000",
        "trade_type": "NATIVE", "trade_state": "SUCCESS", "success_time": "2026-11-22T10:00:00+08:00",
        "payer": { "openid": "o-enemy" },
        "amount": { "total": 7_777_777, "payer_total": 7_777_777, "currency": "CNY", "payer_currency": "CNY" },
    })
}

fn refunded(order: &str, refund: &str) -> Value {
    json!({
        "mchid": MCHID, "out_trade_no": order, "transaction_id": "4200000000202611220000000000",
        "out_refund_no": refund, "refund_id": "50300000000000", "refund_status": "SUCCESS",
        "success_time": "2026-11-22T10:00:00+08:00", "user_received_account": "招商银行信用卡0403",
        "amount": { "total": 1, "refund": 1, "payer_total": 1, "payer_refund": 1 },
    })
}
