//! What a wallet is: lots that are used in order, parts of them held, spends that
//! remember which lots paid, and whether it is frozen.

use rand::Rng as _;
use rand::rngs::StdRng;

/// Something that is asked of a wallet. Spends and holds are known by numbers
/// that whoever draws the act gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Spend {
        number: usize,
        amount: i64,
    },
    /// The due of an earlier spend, by a request of its own.
    SpendAgain {
        spend: usize,
    },
    Return {
        spend: usize,
        amount: i64,
    },
    Hold {
        number: usize,
        amount: i64,
    },
    Capture {
        number: usize,
        hold: usize,
        amount: i64,
    },
    Release {
        hold: usize,
    },
    Freeze,
    Unfreeze,
}

/// What is answered: with what may be spent afterwards, where that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Yes(Option<i64>),
    No(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// What each lot held at first, and what is left of it.
    lots: Vec<(i64, i64)>,
    spends: Vec<(usize, Spent)>,
    holds: Vec<(usize, Held)>,
    pub frozen: bool,
    next: usize,
}

/// Which lots paid how much, and how much of it came back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spent(Vec<(usize, i64, i64)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    amount: i64,
    active: bool,
}

impl Book {
    pub fn filled(lots: &[i64]) -> Self {
        Self {
            lots: lots.iter().map(|lot| (*lot, *lot)).collect(),
            spends: Vec::new(),
            holds: Vec::new(),
            frozen: false,
            next: 0,
        }
    }

    pub fn left(&self) -> impl Iterator<Item = i64> {
        self.lots.iter().map(|(_, left)| *left)
    }

    pub fn held(&self) -> i64 {
        let active = self.holds.iter().filter(|(_, hold)| hold.active);
        active.map(|(_, hold)| hold.amount).sum()
    }

    pub fn spendable(&self) -> i64 {
        self.left().sum::<i64>() - self.held()
    }

    /// Something to ask, the `at`th of a round.
    pub fn draw(&self, chance: &mut StdRng, at: usize) -> Act {
        let number = self.next + at;
        let amount = chance.random_range(1..=self.left().sum::<i64>().max(1) * 2 / 3 + 40);
        let spends: Vec<usize> = self.spends.iter().map(|(number, _)| *number).collect();
        let holds: Vec<usize> = self.holds.iter().map(|(number, _)| *number).collect();
        let one = |of: &[usize], chance: &mut StdRng| {
            (!of.is_empty()).then(|| of[chance.random_range(0..of.len())])
        };
        let drawn = match chance.random_range(0..20) {
            0..=5 => None,
            6 => one(&spends, chance).map(|spend| Act::SpendAgain { spend }),
            7..=10 => one(&spends, chance).map(|spend| Act::Return { spend, amount }),
            11..=13 => Some(Act::Hold { number, amount }),
            14..=15 => one(&holds, chance).map(|hold| Act::Capture { number, hold, amount }),
            16..=17 => one(&holds, chance).map(|hold| Act::Release { hold }),
            18 => Some(Act::Freeze),
            _ => Some(Act::Unfreeze),
        };
        drawn.unwrap_or(Act::Spend { number, amount })
    }

    /// The books after these acts in each order in which they would answer as they
    /// did; equal ones once.
    pub fn orders_of(&self, heard: &[(Act, Said)]) -> Vec<Self> {
        let mut found = Vec::new();
        self.search(heard, &mut vec![false; heard.len()], &mut found);
        for book in &mut found {
            book.next = self.next + heard.len();
        }
        found
    }

    fn search(&self, heard: &[(Act, Said)], done: &mut Vec<bool>, found: &mut Vec<Self>) {
        if done.iter().all(|done| *done) {
            if !found.contains(self) {
                found.push(self.clone());
            }
            return;
        }
        for (at, (act, said)) in heard.iter().enumerate() {
            if done[at] {
                continue;
            }
            let mut next = self.clone();
            if next.answer(*act) == *said {
                done[at] = true;
                next.search(heard, done, found);
                done[at] = false;
            }
        }
    }

    fn answer(&mut self, act: Act) -> Said {
        let no = |reason: &str| Said::No(reason.to_owned());
        match act {
            Act::Spend { number, amount } => match self.take(amount) {
                Ok(spent) => self.spent(number, spent),
                Err(reason) => no(reason),
            },
            Act::SpendAgain { .. } => no("DUE_ALREADY_PAID"),
            Act::Return { spend, amount } => {
                let at = self.spends.iter().position(|(number, _)| *number == spend);
                let Some(at) = at else { return no("NOT_FOUND") };
                let left: i64 = self.spends[at]
                    .1
                    .0
                    .iter()
                    .map(|(_, paid, back)| paid - back)
                    .sum();
                if amount > left {
                    return no("RETURN_EXCEEDS_SPEND");
                }
                let mut left = amount;
                for (lot, paid, back) in self.spends[at].1.0.iter_mut().rev() {
                    let part = left.min(*paid - *back);
                    (*back, left) = (*back + part, left - part);
                    self.lots[*lot].1 += part;
                }
                Said::Yes(Some(self.spendable()))
            }
            Act::Hold { number, amount } => {
                if self.frozen {
                    return no("WALLET_FROZEN");
                }
                if amount > self.spendable() {
                    return no("INSUFFICIENT_FUNDS");
                }
                self.holds.push((number, Held { amount, active: true }));
                Said::Yes(Some(self.spendable()))
            }
            Act::Capture { number, hold, amount } => {
                let Some(at) = self.active(hold) else {
                    return no("WRONG_STATE");
                };
                if amount > self.holds[at].1.amount {
                    return no("CAPTURE_EXCEEDS_HOLD");
                }
                self.holds[at].1.active = false;
                match self.take(amount) {
                    Ok(spent) => self.spent(number, spent),
                    Err(reason) => {
                        self.holds[at].1.active = true;
                        no(reason)
                    }
                }
            }
            Act::Release { hold } => {
                let Some(at) = self.active(hold) else {
                    return no("WRONG_STATE");
                };
                self.holds[at].1.active = false;
                Said::Yes(Some(self.spendable()))
            }
            Act::Freeze if self.frozen => no("WALLET_FROZEN"),
            Act::Unfreeze if !self.frozen => no("WRONG_STATE"),
            Act::Freeze | Act::Unfreeze => {
                self.frozen = act == Act::Freeze;
                Said::Yes(None)
            }
        }
    }

    fn active(&self, hold: usize) -> Option<usize> {
        let standing = |(number, held): &(usize, Held)| *number == hold && held.active;
        self.holds.iter().position(standing)
    }

    fn spent(&mut self, number: usize, spent: Spent) -> Said {
        self.spends.push((number, spent));
        Said::Yes(Some(self.spendable()))
    }

    fn take(&mut self, amount: i64) -> Result<Spent, &'static str> {
        if self.frozen {
            return Err("WALLET_FROZEN");
        }
        if amount > self.spendable() {
            return Err("INSUFFICIENT_FUNDS");
        }
        let (mut left, mut parts) = (amount, Vec::new());
        for (at, (_, remaining)) in self.lots.iter_mut().enumerate() {
            let part = left.min(*remaining);
            if part > 0 {
                (*remaining, left) = (*remaining - part, left - part);
                parts.push((at, part, 0));
            }
        }
        Ok(Spent(parts))
    }
}
