//! Money of an order on its way back: refunds' cases and legs, payments with its
//! channel, the wallet's spend, and the order that writes it down.

mod money;
mod work;

use std::collections::hash_map::DefaultHasher;

use kernel::{
    Amount, Balance, BusinessDay, DueId, LotId, OrderId, PersonId, RefundCaseId, RefundLegId, TransferId,
};
use platform::vault::Sealed;
use refunds::domain::case::{Decision, Followed, State, number};
use refunds::domain::leg::Outcome;
use refunds::domain::order::Route;
use refunds::domain::policy::{Reason, Used};
use refunds::domain::quote::Way;
use refunds::domain::{Case, Leg, Quote, Refusal};
use rust_decimal::Decimal;
use wallet::domain::spend::SpentPart;
use wallet::domain::wallet::{Lot, Origin, Purse};
use wallet::domain::{Spend, Wallet};

use self::work::Work;
use crate::purchase::moments;
use crate::search::{Label, Machine, Step, add};
use crate::tables::passes;
use crate::till::{self, Till, entity, id, person, studio};

/// Decides what the end of a try changes: refunds' own function, or one with a
/// fault.
pub type Follow = fn(Case, &[Leg], RefundLegId, i32, &Outcome) -> Result<Option<Followed>, Refusal>;

/// How far the search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// How often a stuck case is resumed.
    pub resumes: u8,
    /// Calls that are doubled, or arrive after they were given up.
    pub late: u8,
    /// Of refunds.
    pub crashes: u8,
    /// Refusals of the order to write a refund down.
    pub refusals: u8,
    pub till: till::Left,
}

pub struct Refunding {
    pub bounds: Bounds,
    pub follow: Follow,
    /// The ceiling of a due at refunds, and of a payment at payments.
    pub guards: (bool, bool),
    /// How much of the due that came through the channel each case gives back.
    pub cases: [i64; 2],
}

#[derive(Debug, Clone)]
pub struct World {
    pub till: Till,
    pub wallet: Wallet,
    pub spend: Spend,
    /// Tries that came back to the wallet.
    pub returns: Vec<RefundLegId>,
    pub cases: Vec<Case>,
    pub legs: Vec<Leg>,
    /// Of each due what is promised, what went back, and what was paid.
    pub ceilings: Vec<(DueId, i64, i64, i64)>,
    /// Cases that the order wrote down.
    pub recorded: Vec<RefundCaseId>,
    pub tasks: Vec<Work>,
    pub late: Vec<work::Call>,
    pub heard: usize,
    pub left: Bounds,
}

pub const BY_CHANNEL: i64 = 60;
pub const BY_WALLET: i64 = 40;

fn fen(minor: i64) -> Amount {
    Amount::from_minor(minor).unwrap_or_else(|| unreachable!("above zero"))
}

fn dues() -> [DueId; 2] {
    [DueId(id(30)), DueId(id(31))]
}

/// A case about a part of what came by channel, and with the first all of what
/// came from the wallet.
fn case(at: usize, by_channel: i64, till: &Till) -> Case {
    let [channel, wallet] = dues();
    let payment = till.payments.iter().find(|p| p.claim.due_id == channel);
    let route = payment.map_or(Route::Wallet, |payment| Route::Channel(payment.id));
    let way = |due, route, minor, paid_minor| Way {
        due,
        route,
        minor,
        paid_minor,
    };
    let mut ways = vec![way(channel, route, by_channel, BY_CHANNEL)];
    if at == 0 {
        ways.push(way(wallet, Route::Wallet, BY_WALLET, BY_WALLET));
    }
    let amount_minor = ways.iter().map(|way| way.minor).sum();
    let id = RefundCaseId(id(if at == 0 { 40 } else { 41 }));
    Case {
        id,
        number: number(id, BusinessDay::default()),
        order: OrderId(till::id(10)),
        due: None,
        person: person(),
        studio: studio(),
        reason: Reason::Personal,
        explanation: Sealed::nothing(),
        quote: Quote {
            order_version: 1,
            policy: None,
            rule: String::new(),
            lines: Vec::new(),
            amount_minor,
            ways,
            used: Used {
                any: false,
                share: Decimal::ZERO,
                times: 0,
            },
            window_ends_at: None,
            card: None,
            whole: false,
            refundable_minor: amount_minor,
        },
        amount: fen(amount_minor),
        opened_by: Some(person()),
        opened_at: moments()[0],
        owner: None,
        state: State::Requested,
        version: 1,
    }
}

/// Somebody of the house.
fn checker() -> PersonId {
    PersonId(id(8))
}

fn spent() -> (Wallet, Spend) {
    let lot = Lot {
        id: LotId(id(20)),
        purse: Purse::Principal,
        origin: Origin::Gift,
        legal_entity: entity(),
        amount: fen(BY_WALLET),
        remaining: Balance::ZERO,
        opened_at: moments()[0],
    };
    let mut wallet = Wallet::new(person(), studio());
    wallet.lots.push(lot);
    let part = SpentPart {
        use_no: 0,
        lot: LotId(id(20)),
        transfer: TransferId(id(21)),
        amount: fen(BY_WALLET),
        returned: Balance::ZERO,
    };
    let spend = Spend {
        due: dues()[1],
        wallet: wallet.id,
        person: person(),
        studio: studio(),
        seller: entity(),
        order: None,
        acting: person(),
        amount: fen(BY_WALLET),
        returned: Balance::ZERO,
        at: moments()[0],
        parts: vec![part],
    };
    (wallet, spend)
}

impl Machine for Refunding {
    type State = World;

    fn begin(&self) -> World {
        let [channel, wallet_due] = dues();
        let till = Till::with_payment(moments()[0], self.bounds.till, channel, fen(BY_CHANNEL));
        let (wallet, spend) = spent();
        let asked = self.cases.iter().enumerate().filter(|(_, minor)| **minor > 0);
        World {
            cases: asked.map(|(at, minor)| case(at, *minor, &till)).collect(),
            heard: till.feed.len(),
            till,
            wallet,
            spend,
            returns: Vec::new(),
            legs: Vec::new(),
            ceilings: vec![(channel, 0, 0, BY_CHANNEL), (wallet_due, 0, 0, BY_WALLET)],
            recorded: Vec::new(),
            tasks: Vec::new(),
            late: Vec::new(),
            left: self.bounds,
        }
    }

    fn steps(&self, world: &World) -> Vec<Step<World>> {
        let mut steps: Vec<Step<World>> = world
            .till
            .steps(payments::domain::evidence::decide)
            .into_iter()
            .map(|(label, till)| {
                (
                    label,
                    till.map(|till| World {
                        till,
                        ..world.clone()
                    }),
                )
            })
            .collect();
        for at in 0..world.cases.len() {
            self.persons(world, at, &mut steps);
        }
        self.tasks(world, &mut steps);
        if world.left.crashes > 0 && world.tasks.iter().any(Work::runs) {
            let mut next = world.clone();
            next.left.crashes -= 1;
            next.tasks.iter_mut().for_each(Work::dies);
            steps.push((Label("refunds crashes", 0), Ok(next)));
        }
        steps
    }

    fn key(&self, world: &World, key: &mut DefaultHasher) {
        world.till.key(key);
        for case in &world.cases {
            add(key, &case.state.name());
        }
        for leg in &world.legs {
            add(key, &(leg.id, leg.state.name(), leg.attempt));
        }
        add(key, &(&world.ceilings, &world.returns, &world.recorded));
        add(key, &(&world.tasks, &world.late, world.heard, world.left));
    }

    fn broken(&self, world: &World) -> Option<String> {
        world.till.broken().or_else(|| world.within(self.guards.0).err())
    }

    fn settled(&self, world: &World) -> bool {
        let over = |case: &Case| match case.state {
            State::Completed { .. } => true,
            // the ceiling was in the way, or a person would have to look
            State::Requested => !world.fits(case),
            State::Stuck { .. } => world.left.resumes == 0,
            _ => false,
        };
        world.tasks.is_empty()
            && world.heard == world.till.feed.len()
            && world.till.settled()
            && world.cases.iter().all(over)
    }
}

impl Refunding {
    /// Who approves, and who resumes.
    fn persons(&self, world: &World, at: usize, steps: &mut Vec<Step<World>>) {
        let case = &world.cases[at];
        match case.state {
            State::Requested if world.fits(case) || !self.guards.0 => {
                steps.push((Label("a case is approved", at), world.clone().approve(at)));
            }
            State::Stuck { .. } if world.left.resumes > 0 => {
                let mut next = world.clone();
                next.left.resumes -= 1;
                steps.push((Label("a case is resumed", at), next.resume(at)));
            }
            _ => {}
        }
    }
}

impl World {
    /// The condition of the statement that promises: below each ceiling.
    fn fits(&self, case: &Case) -> bool {
        case.quote.ways.iter().all(|way| {
            let row = self.ceilings.iter().find(|(due, ..)| *due == way.due);
            row.is_some_and(|(_, promised, back, paid)| promised + back + way.minor <= *paid)
        })
    }

    fn approve(mut self, at: usize) -> Result<Self, String> {
        let (case, note) = (self.cases[at].clone(), Sealed::nothing());
        let decision = Decision {
            by: checker(),
            at: self.till.now,
            note,
        };
        let hash = case.subject_hash();
        let (case, legs) = case.approve(decision, &hash).map_err(|e| e.to_string())?;
        for way in &case.quote.ways {
            for row in self.ceilings.iter_mut().filter(|(due, ..)| *due == way.due) {
                row.1 += way.minor;
            }
        }
        self.save_case(case)?;
        self.tasks.extend(legs.iter().map(Work::send));
        self.legs.extend(legs);
        Ok(self)
    }

    fn resume(mut self, at: usize) -> Result<Self, String> {
        let legs = self.legs_of(self.cases[at].id);
        let resumed = self.cases[at].clone().send_again(&legs, checker());
        let (case, anew) = resumed.map_err(|e| e.to_string())?;
        self.save_case(case.clone())?;
        for leg in anew {
            self.tasks.push(Work::send(&leg));
            self.save_leg(leg)?;
        }
        self.settle_if(case.all_returned(&legs))
    }

    fn settle_if(mut self, settling: Result<Option<Case>, Refusal>) -> Result<Self, String> {
        if let Some(case) = settling.map_err(|e| e.to_string())? {
            self.tasks.push(Work::record(case.id));
            self.save_case(case)?;
        }
        Ok(self)
    }

    fn legs_of(&self, case: RefundCaseId) -> Vec<Leg> {
        self.legs.iter().filter(|leg| leg.case == case).cloned().collect()
    }

    fn save_case(&mut self, case: Case) -> Result<(), String> {
        let row = self.cases.iter_mut().find(|row| row.id == case.id);
        let row = row.ok_or("a case is missing")?;
        let (from, to) = (row.state.name(), case.state.name());
        passes("cases", (from, row.version), (to, case.version))?;
        *row = case;
        Ok(())
    }

    fn save_leg(&mut self, leg: Leg) -> Result<(), String> {
        let row = self.legs.iter_mut().find(|row| row.id == leg.id);
        let row = row.ok_or("a leg is missing")?;
        let (from, to) = (row.state.name(), leg.state.name());
        passes("legs", (from, row.version), (to, leg.version))?;
        *row = leg;
        Ok(())
    }
}
