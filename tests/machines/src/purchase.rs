//! An order that is paid by QR or from the wallet: orders, payments with its
//! channel, the wallet and the card.

mod money;
mod work;

use std::collections::hash_map::DefaultHasher;

use chrono::{Duration, TimeZone as _, Utc};
use kernel::{Amount, Balance, CardId, DueId, LotId, OrderId, PersonId, Timestamp};
use orders::domain::Refusal;
use orders::domain::order::{
    Channel, Deadline, Decided, Due, DueState, Method, News, Next, Now, Order, State, Times, after,
};
use platform::vault::Sealed;
use uuid::Uuid;
use wallet::domain::Wallet;
use wallet::domain::wallet::{Lot, Origin, Purse};

use self::work::{Call, Phase, Work};
use crate::search::{Label, Machine, Step, add};
use crate::tables::passes;
use crate::till::{self, Till, entity, id, person, studio};

/// Decides about an order's payment: orders' own function, or one with a fault.
pub type Decide = fn(Order, &[Due], News, Now) -> Result<Decided, Refusal>;

/// How far the search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// How often a QR is asked for: the most attempts.
    pub qr: u8,
    pub wallet: u8,
    pub cancels: u8,
    /// Calls that are doubled, or arrive after they were given up.
    pub late: u8,
    /// Of orders.
    pub crashes: u8,
    pub till: till::Left,
}

pub struct Purchase {
    pub bounds: Bounds,
    pub decide: Decide,
    pub till: till::Decide,
}

#[derive(Debug, Clone)]
pub struct World {
    pub order: Order,
    pub dues: Vec<Due>,
    pub tasks: Vec<Work>,
    /// Facts of payments and of the wallet that orders applied.
    pub heard: (usize, usize),
    pub timer: bool,
    pub till: Till,
    pub wallet: Wallet,
    pub filled: bool,
    pub spends: Vec<DueId>,
    /// Requests to spend that were kept with their answer.
    pub spent_for: Vec<Uuid>,
    pub card: Option<Result<CardId, ()>>,
    pub late: Vec<Call>,
    pub told: Told,
    pub left: Bounds,
}

/// Facts of orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Told {
    pub paid: u8,
    pub fulfilled: u8,
    pub ended: u8,
    pub unusable: Vec<DueId>,
}

pub fn price() -> Amount {
    Amount::from_minor(100).unwrap_or_else(|| unreachable!("above zero"))
}

/// The moments between which nothing new can happen: the beginning, after the
/// first attempt's life, and after the last time to pay.
pub fn moments() -> [Timestamp; 3] {
    let begin = Utc.timestamp_opt(1_800_000_000, 0).single().unwrap_or_default();
    [begin, begin + Duration::minutes(20), begin + Duration::hours(25)]
}

fn now(at: Timestamp) -> Now {
    let day = Duration::hours(24);
    Now {
        at,
        times: Times {
            draft: day,
            quote: day,
            acceptance: day,
            payment: day,
            information: day,
            first_review: day,
            submit: day,
            approval: day,
            fulfilment: day,
        },
    }
}

/// An order that the member has just accepted.
fn confirmed(begin: Timestamp) -> Order {
    let pay_by = Some(begin + Duration::hours(24));
    Order {
        id: OrderId(id(10)),
        number: None,
        state: State::Confirmed,
        person: person(),
        studio: studio(),
        legal_entity: entity(),
        product: None,
        channel: Channel::App,
        entered_by: person(),
        first_reviewer: None,
        submitted_by: None,
        approver: None,
        policy_version: String::new(),
        quote: None,
        approved_hash: None,
        acceptance: None,
        accept_by: None,
        pay_by,
        paid: Balance::ZERO,
        refunded: Balance::ZERO,
        card: None,
        reason: String::new(),
        words: Sealed::nothing(),
        ends_as: None,
        created_at: begin,
        submitted_at: None,
        since: begin,
        act_by: pay_by,
        version: 1,
    }
}

impl Machine for Purchase {
    type State = World;

    fn begin(&self) -> World {
        let begin = moments()[0];
        let order = confirmed(begin);
        let due = Due::new(&order, 1, price(), begin + Duration::hours(24));
        World {
            order,
            dues: vec![due],
            tasks: Vec::new(),
            heard: (0, 0),
            timer: true,
            till: Till::empty(begin, self.bounds.till),
            wallet: Wallet::new(person(), studio()),
            filled: false,
            spends: Vec::new(),
            spent_for: Vec::new(),
            card: None,
            late: Vec::new(),
            told: Told::default(),
            left: self.bounds,
        }
    }

    fn steps(&self, world: &World) -> Vec<Step<World>> {
        let mut steps: Vec<Step<World>> = world
            .till
            .steps(self.till)
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
        self.people(world, &mut steps);
        self.time(world, &mut steps);
        self.facts(world, &mut steps);
        self.tasks(world, &mut steps);
        steps
    }

    fn key(&self, world: &World, key: &mut DefaultHasher) {
        let order = &world.order;
        add(key, &(order.state, order.ends_as, order.paid.minor(), order.card));
        for due in &world.dues {
            add(
                key,
                &(due.id, due.state, due.method, due.start, due.intent, due.payment),
            );
            add(key, &due.surplus);
        }
        add(key, &(&world.tasks, world.heard, world.timer, world.filled));
        add(key, &(&world.spends, &world.spent_for, &world.card, &world.late));
        add(key, &(&world.told, world.left));
        world.till.key(key);
    }

    fn broken(&self, world: &World) -> Option<String> {
        world.till.broken().or_else(|| world.money_is_kept().err())
    }

    fn settled(&self, world: &World) -> bool {
        let over = [
            State::Fulfilled,
            State::Unfulfillable,
            State::Cancelled,
            State::Expired,
        ];
        let quiet = world.tasks.is_empty()
            && world.heard == (world.till.feed.len(), world.spends.len())
            && !world.dues.iter().any(Due::is_owed);
        quiet && over.contains(&world.order.state) && world.till.settled() && world.money_arrived()
    }
}

impl Purchase {
    /// What the member does, in any order and as often as the bounds allow.
    fn people(&self, world: &World, steps: &mut Vec<Step<World>>) {
        let begun = self.bounds.qr + self.bounds.wallet - world.left.qr - world.left.wallet;
        let start = id(100 + u128::from(begun));
        let (by, reason) = (person(), Sealed::nothing());
        let qr = News::Start {
            method: Method::WechatNative,
            by,
            start,
        };
        let wallet = News::Start {
            method: Method::Wallet,
            by,
            start,
        };
        let mut ask = |label, left: Option<Bounds>, news| {
            let Some(left) = left else { return };
            let world = World {
                left,
                ..world.clone()
            };
            // a refusal changes nothing
            if let Ok(decided) = self.decided(&world, news) {
                steps.push((Label(label, 0), world.carry(decided)));
            }
        };
        let left = world.left;
        ask(
            "the member asks for a QR",
            left.qr.checked_sub(1).map(|qr| Bounds { qr, ..left }),
            qr,
        );
        let less = left.wallet.checked_sub(1).map(|wallet| Bounds { wallet, ..left });
        ask("the member pays from the wallet", less, wallet);
        let less = left
            .cancels
            .checked_sub(1)
            .map(|cancels| Bounds { cancels, ..left });
        ask("the member cancels", less, News::Cancelled { by, reason });
        if !world.filled && self.bounds.wallet > 0 {
            let mut next = world.clone();
            next.filled = true;
            let filled = next.wallet.clone().credit(lot());
            let filled = filled.map_err(|e| e.to_string());
            let filled = filled.map(|(wallet, _)| World { wallet, ..next });
            steps.push((Label("the wallet is filled", 0), filled));
        }
    }

    fn time(&self, world: &World, steps: &mut Vec<Step<World>>) {
        if let Some(then) = moments().into_iter().find(|moment| *moment > world.till.now) {
            let mut next = world.clone();
            next.till.now = then;
            steps.push((Label("time passes", 0), Ok(next)));
        }
        if world.timer && world.order.pay_by.is_some_and(|by| by <= world.till.now) {
            let mut next = world.clone();
            next.timer = false;
            steps.push((
                Label("the time to pay is over", 0),
                self.learn(&next, News::RanOut(Deadline::Payment)),
            ));
        }
        if world.left.crashes > 0 && world.tasks.iter().any(|task| task.phase != Phase::Waiting) {
            let mut next = world.clone();
            next.left.crashes -= 1;
            for task in &mut next.tasks {
                task.phase = Phase::Waiting;
            }
            steps.push((Label("orders crashes", 0), Ok(next)));
        }
    }

    fn decided(&self, world: &World, news: News) -> Result<Decided, Refusal> {
        (self.decide)(world.order.clone(), &world.dues, news, now(world.till.now))
    }

    /// News that nobody may refuse.
    fn learn(&self, world: &World, news: News) -> Result<World, String> {
        let told = format!("{news:?}");
        let decided = self.decided(world, news);
        let decided = decided.map_err(|refusal| format!("{refusal}: {told}"))?;
        world.clone().carry(decided)
    }
}

fn lot() -> Lot {
    Lot {
        id: LotId(id(20)),
        purse: Purse::Principal,
        origin: Origin::Gift,
        legal_entity: entity(),
        amount: price(),
        remaining: price().into(),
        opened_at: moments()[0],
    }
}

impl World {
    /// Writes what was decided, as one transaction.
    fn carry(mut self, decided: Decided) -> Result<Self, String> {
        for kept in decided.dues {
            let row = self.dues.iter_mut().find(|due| due.id == kept.due.id);
            match (row, kept.fresh) {
                (None, true) => self.dues.push(kept.due),
                (Some(row), false) => {
                    let (from, to) = (row.state.as_str(), kept.due.state.as_str());
                    passes("dues", (from, row.version), (to, kept.due.version))?;
                    *row = kept.due;
                }
                (Some(_), true) => return Err("a due is added a second time".to_owned()),
                (None, false) => return Err("a due is changed that is not there".to_owned()),
            }
        }
        if let Some(change) = decided.change {
            let (from, to) = (self.order.state, change.order.state);
            let versions = (self.order.version, change.order.version);
            passes("orders", (from.as_str(), versions.0), (to.as_str(), versions.1))?;
            if let Some(taken) = change.steps.iter().find(|t| after(from, t.step) != Some(t.to)) {
                return Err(format!("the step {:?} is not in the table", taken.step));
            }
            self.order = change.order;
        }
        for next in decided.next {
            self.follow(next);
        }
        Ok(self)
    }

    fn follow(&mut self, next: Next) {
        match next {
            Next::TellPaid(_) => self.told.paid += 1,
            Next::TellFulfilled => self.told.fulfilled += 1,
            Next::TellEnded { .. } => self.told.ended += 1,
            Next::TellUnusable(due, _) => self.told.unusable.push(due.id),
            work => self.tasks.extend(Work::of(&work)),
        }
    }
}

/// Who could pay besides the member.
pub fn nobody() -> PersonId {
    PersonId(id(9))
}

pub fn is_paid(due: &Due) -> bool {
    due.state == DueState::Paid
}
