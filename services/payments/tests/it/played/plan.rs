//! What becomes of one order, drawn from a seed before anything happens.

use rand::Rng;
use rand::seq::IndexedRandom as _;

use super::accidents::Accidents;

/// Ticks within which orders begin.
const BEGINNINGS: u32 = 8;

/// One due: how it is tried, taken back and refunded. Times are in ticks, each a
/// minute or two of business time.
#[derive(Debug, Clone)]
pub struct Plan {
    pub amount: i64,
    pub begins: u32,
    /// How long the intent can be paid, in minutes.
    pub lives: u64,
    /// Its merchant is unknown to the channel.
    pub strange: bool,
    pub tries: Vec<Try>,
    /// So long after its beginning it is taken back.
    pub cancelled: Option<u32>,
    pub refunds: Vec<Ask>,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Try {
    /// So long after the order began.
    pub starts: u32,
    /// Who pays: the end of their code, or their openid.
    pub number: u32,
    pub accidents: Accidents,
    pub payer: Payer,
    /// So long after it started all is well again.
    pub mends: u32,
}

/// What the payer does, and so long after the attempt started.
#[derive(Debug, Clone, Copy)]
pub enum Payer {
    Leaves,
    Scans(u32),
    Pays(u32),
    /// Although the attempt may have ended.
    PaysLate(u32),
    /// In the moment in which another try is asked for.
    PaysAtLast,
}

/// A part of the payment that is asked back.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// So long after the order began.
    pub after: u32,
    /// In thousandths of the payment.
    pub share: i64,
    /// So often under one leg.
    pub times: u32,
}

impl Plan {
    pub fn drawn(chance: &mut impl Rng) -> Self {
        let mut tries = vec![Try::drawn(chance, 0)];
        if chance.random_bool(0.35) {
            // who pays at once needs no second try
            if chance.random_bool(0.7) {
                tries[0].payer = match chance.random_range(0..10) {
                    0..4 => Payer::PaysAtLast,
                    _ => Payer::PaysLate(chance.random_range(2..16)),
                };
            }
            let starts = chance.random_range(1..=10);
            tries.push(Try::drawn(chance, starts));
        }
        Self {
            amount: *[1, 2, 99, 100, 8_800, 368_000, 1_999_999].choose(chance).unwrap()
                + chance.random_range(0..50),
            begins: chance.random_range(0..BEGINNINGS),
            lives: *[3, 10, 20, 40, 120, 120, 120].choose(chance).unwrap(),
            strange: chance.random_bool(0.02),
            tries,
            cancelled: chance.random_bool(0.12).then(|| chance.random_range(0..12)),
            refunds: asks(chance),
        }
    }
}

/// Half of the orders keep their money, some ask for more than there is.
fn asks(chance: &mut impl Rng) -> Vec<Ask> {
    if chance.random_bool(0.5) {
        return Vec::new();
    }
    let ask = |chance: &mut _| Ask {
        after: Rng::random_range(chance, 2..12),
        share: *[1, 250, 500, 700, 1_000].choose(chance).unwrap(),
        times: Rng::random_range(chance, 1..=2),
    };
    (0..chance.random_range(1..=3)).map(|_| ask(chance)).collect()
}

impl Try {
    fn drawn(chance: &mut impl Rng, starts: u32) -> Self {
        let payer = match chance.random_range(0..100) {
            0..8 => Payer::Leaves,
            8..14 => Payer::Scans(chance.random_range(0..4)),
            14..78 => Payer::Pays(chance.random_range(0..7)),
            _ => Payer::PaysLate(chance.random_range(0..16)),
        };
        let accidents = Accidents::drawn(chance);
        // who is told a wrong amount is told the right one before the attempt is over
        let mends = if accidents.lie_about_amounts() {
            1..3
        } else {
            6..20
        };
        Self {
            starts,
            number: chance.random(),
            accidents,
            payer,
            mends: chance.random_range(mends),
        }
    }
}
