//! Callbacks of somebody who wants money to be believed in that never came: he
//! hears the line, has keys of his own, and once had the channels' keys too.

mod alipay;
mod wechat;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::tap::{Letter, Tap};
use crate::world::World;

/// How payments must take a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It proves nothing.
    Refused,
    /// It is proved, and kept at most.
    Kept,
}

pub struct Enemy {
    chance: StdRng,
    tap: Tap,
    wechat: wechat::Forger,
    alipay: alipay::Forger,
    pub sent: usize,
}

/// What is known of a channel: numbers of its orders and of its refunds.
pub struct Known {
    orders: Vec<String>,
    refunds: Vec<String>,
}

impl Known {
    fn of(orders: &[serde_json::Value], refunds: &[serde_json::Value]) -> Self {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        Self {
            orders: orders.iter().map(|order| text(&order["out_trade_no"])).collect(),
            refunds: refunds.iter().map(|r| text(&r["out_refund_no"])).collect(),
        }
    }

    fn order(&self, chance: &mut StdRng) -> String {
        self.orders
            .choose(chance)
            .cloned()
            .unwrap_or_else(|| nobodys(chance))
    }

    fn refund(&self, chance: &mut StdRng) -> String {
        self.refunds
            .choose(chance)
            .cloned()
            .unwrap_or_else(|| nobodys(chance))
    }
}

/// A number that nobody has.
fn nobodys(chance: &mut StdRng) -> String {
    format!("{:032x}", chance.random::<u128>())
}

impl Enemy {
    pub fn new(chance: StdRng, tap: Tap) -> Self {
        Self {
            chance,
            tap,
            wechat: wechat::Forger::new(),
            alipay: alipay::Forger::new(),
            sent: 0,
        }
    }

    /// Sends so many letters, one after the other.
    pub async fn strike(&mut self, world: &World, count: usize) {
        let wechat = Known::of(&world.sim.orders(), &world.sim.refunds());
        let alipay = Known::of(&world.alipay.orders(), &world.alipay.refunds());
        for _ in 0..count {
            let (lie, letter, taken) = if self.chance.random_bool(0.5) {
                self.wechat.write(&mut self.chance, &self.tap, &wechat)
            } else {
                self.alipay.write(&mut self.chance, &self.tap, &alipay)
            };
            let status = self.tap.deliver(&letter).await;
            let refused = matches!(status, 401 | 404 | 413);
            assert_eq!(refused, taken == Taken::Refused, "{lie} was answered {status}");
            self.sent += 1;
        }
    }
}

/// What is no letter at all.
fn rubbish(chance: &mut StdRng, path: &str) -> Letter {
    let length = *[0, 1, 30, 3_000, 70_000].choose(chance).unwrap();
    Letter {
        path: path.to_owned(),
        headers: http::HeaderMap::new(),
        body: (0..length).map(|_| chance.random()).collect(),
    }
}

/// The letter with one bit of its body turned.
fn scratched(chance: &mut StdRng, mut letter: Letter) -> Letter {
    let at = chance.random_range(0..letter.body.len());
    letter.body[at] ^= 1;
    letter
}

/// The letter at another address.
fn readdressed(letter: Letter, path: &str) -> Letter {
    Letter {
        path: path.to_owned(),
        ..letter
    }
}
