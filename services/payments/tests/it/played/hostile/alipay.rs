use http::HeaderMap;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use testkit::alipay::sign::{Pairs, SigningKey, pairs, text, wire};
use testkit::alipay::{APP_ID, SELLER_ID};
use testkit::house;

use super::{Known, Taken, nobodys, readdressed, rubbish, scratched};
use crate::played::tap::{Letter, Tap};

const DOOR: &str = "/callbacks/alipay/house";
const LIES: [&str; 13] = [
    "rubbish",
    "scratched",
    "richer",
    "unsigned",
    "decoded twice",
    "at the other channel",
    "at no merchant",
    "again",
    "strange key",
    "nobody's order",
    "another amount",
    "another account",
    "early refund",
];

/// Writes letters as Alipay does.
pub struct Forger {
    alipay: SigningKey,
    own: SigningKey,
}

impl Forger {
    pub fn new() -> Self {
        let key = |name: &str| {
            let pem = std::fs::read_to_string(house::keys().alipay(name)).unwrap();
            SigningKey::from_pem(&pem).unwrap()
        };
        let own = std::fs::read_to_string(house::keys().wechat("merchant-private.pem")).unwrap();
        Self {
            alipay: key("alipay-private.pem"),
            own: SigningKey::from_pem(&own).unwrap(),
        }
    }

    pub fn write(&self, chance: &mut StdRng, tap: &Tap, known: &Known) -> (&'static str, Letter, Taken) {
        let lie = *LIES.choose(chance).unwrap();
        let heard = tap.believed("/alipay/");
        let made = heard
            .choose(chance)
            .cloned()
            .and_then(|letter| of_heard(chance, lie, letter));
        match made {
            Some((letter, taken)) => (lie, letter, taken),
            None => self.made_up(chance, lie, known),
        }
    }

    fn made_up(
        &self,
        chance: &mut StdRng,
        lie: &'static str,
        known: &Known,
    ) -> (&'static str, Letter, Taken) {
        let mut fields = paid(&known.order(chance));
        let key = if lie == "strange key" {
            &self.own
        } else {
            &self.alipay
        };
        match lie {
            "strange key" | "another amount" => {}
            "nobody's order" => fields = paid(&nobodys(chance)),
            "another account" => change(&mut fields, "seller_id", "2088000000000666"),
            "early refund" => {
                let number = known.refund(chance);
                fields.push(("out_biz_no".to_owned(), number.into_bytes()));
                fields.push(("gmt_refund".to_owned(), b"2026-11-22 10:00:00.320".to_vec()));
            }
            _ => return ("rubbish", rubbish(chance, DOOR), Taken::Refused),
        }
        let sign = key.sign(&text(&fields, &["sign", "sign_type"])).unwrap();
        fields.push(("sign".to_owned(), sign.into_bytes()));
        let taken = if lie == "strange key" {
            Taken::Refused
        } else {
            Taken::Kept
        };
        (lie, letter(&fields), taken)
    }
}

fn letter(fields: &Pairs) -> Letter {
    Letter {
        path: DOOR.to_owned(),
        headers: HeaderMap::new(),
        body: wire(fields).into_bytes(),
    }
}

fn change(fields: &mut Pairs, name: &str, value: &str) {
    let of = fields.iter_mut().filter(|(known, _)| known == name);
    of.for_each(|(_, old)| *old = value.as_bytes().to_vec());
}

/// What can be made of a letter that came over the line.
fn of_heard(chance: &mut StdRng, lie: &str, one: Letter) -> Option<(Letter, Taken)> {
    let refused = |letter| Some((letter, Taken::Refused));
    let mut fields = pairs(std::str::from_utf8(&one.body).unwrap()).unwrap();
    match lie {
        "scratched" => refused(scratched(chance, one)),
        "richer" => {
            change(&mut fields, "total_amount", "77777.77");
            refused(letter(&fields))
        }
        "unsigned" => {
            fields.retain(|(name, _)| name != "sign");
            refused(letter(&fields))
        }
        "decoded twice" => {
            let sign = fields.iter_mut().find(|(name, _)| name == "sign")?;
            let before = sign.1.clone();
            let spaced = |byte: &u8| if matches!(byte, b'+' | b'/') { b' ' } else { *byte };
            sign.1 = before.iter().map(spaced).collect();
            (sign.1 != before).then(|| (letter(&fields), Taken::Refused))
        }
        "at the other channel" => refused(readdressed(one, "/callbacks/wechat/house")),
        "at no merchant" => refused(readdressed(one, "/callbacks/alipay/nobody")),
        "again" => Some((one, Taken::Kept)),
        _ => None,
    }
}

/// That an order was paid, for an amount that no order here has.
fn paid(number: &str) -> Pairs {
    let told = [
        ("app_id", APP_ID),
        ("charset", "utf-8"),
        ("gmt_payment", "2026-11-22 10:00:00"),
        ("notify_time", "2026-11-22 10:00:00"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", number),
        ("seller_id", SELLER_ID),
        ("sign_type", "RSA2"),
        ("total_amount", "77777.77"),
        ("trade_no", "2026112222001000000000000"),
        ("trade_status", "TRADE_SUCCESS"),
        ("version", "1.0"),
    ];
    let mut fields: Pairs = told
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    let id = kernel::fresh_uuid().simple().to_string();
    fields.push(("notify_id".to_owned(), id.into_bytes()));
    fields
}
