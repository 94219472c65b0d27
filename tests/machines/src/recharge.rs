//! Money on its way into a wallet: the recharge, payments with its channel, the
//! audit, and the way back of what the audit refuses.

mod work;

use std::collections::hash_map::DefaultHasher;

use chrono::Duration;
use kernel::{Amount, DueId, IntentId, LotId, PersonId, RechargeId, Timestamp};
use platform::vault::Sealed;
use wallet::domain::recharge::{
    Advice, Mark, Method, Recharge, RejectReason, Rejection, State, WayBack, number,
};
use wallet::domain::wallet::{Lot, Origin, Purse};
use wallet::domain::{Refusal, Wallet};

use self::work::Starting;
use crate::purchase::moments;
use crate::search::{Label, Machine, Step, add};
use crate::tables::passes;
use crate::till::{self, Till, entity, id, person, studio};

/// What the recharge decides: its own functions, or with a fault in one.
#[derive(Debug, Clone, Copy)]
pub struct Decides {
    pub receive: fn(Recharge, &payments::domain::payment::Payment, Timestamp) -> Result<Recharge, Refusal>,
    pub post: fn(Recharge, Mark) -> Result<Recharge, Refusal>,
    pub back: fn(Recharge, uuid::Uuid, WayBack) -> Result<Option<Recharge>, Refusal>,
}

/// How far the search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// How often the member begins to pay: the most attempts.
    pub starts: u8,
    /// How often it is given up or refused before money came.
    pub ends: u8,
    /// How often money that got stuck is sent back again.
    pub resumes: u8,
    /// Of the wallet.
    pub crashes: u8,
    pub till: till::Left,
}

pub struct Recharging {
    pub bounds: Bounds,
    pub decides: Decides,
}

#[derive(Debug, Clone)]
pub struct World {
    pub recharge: Recharge,
    pub till: Till,
    pub wallet: Wallet,
    pub credited: u8,
    /// The call by which the member begins to pay: lost with the process.
    pub starting: Option<Starting>,
    /// Intents that are to be cancelled.
    pub cancelling: Vec<IntentId>,
    /// The task that sends money back waits.
    pub sending: bool,
    pub timer: bool,
    pub heard: usize,
    pub left: Bounds,
}

pub fn amount() -> Amount {
    Amount::from_minor(100).unwrap_or_else(|| unreachable!("above zero"))
}

fn mark(by: u128, at: Timestamp) -> Mark {
    let by = PersonId(id(by));
    Mark { by, at }
}

/// The recharge's own decisions.
pub fn decides() -> Decides {
    Decides {
        receive: |recharge, payment, at| {
            let large = Amount::from_minor(1_000).unwrap_or_else(amount);
            let transaction = payment.transaction.clone();
            recharge.receive(payment.id, transaction, payment.claim.amount, at, large)
        },
        post: |recharge, audit| {
            let (words, lot) = (Some(Sealed::nothing()), LotId(id(60)));
            recharge.post(audit, amount(), words, lot)
        },
        back: Recharge::way_back_ended,
    }
}

/// One that a specialist has just accepted.
fn accepted(begin: Timestamp, wallet: &Wallet) -> Recharge {
    Recharge {
        id: RechargeId(id(61)),
        number: number(RechargeId(id(61)), kernel::BusinessDay::default()),
        wallet: wallet.id,
        person: person(),
        studio: studio(),
        legal_entity: entity(),
        amount: amount(),
        method: Method::WechatNative,
        due: DueId(id(62)),
        intent: None,
        applied: Mark {
            by: person(),
            at: begin,
        },
        accepted: Some(mark(63, begin)),
        declined_by: None,
        expire_at: begin + Duration::hours(24),
        state: State::Accepted,
        version: 1,
    }
}

impl Machine for Recharging {
    type State = World;

    fn begin(&self) -> World {
        let wallet = Wallet::new(person(), studio());
        World {
            recharge: accepted(moments()[0], &wallet),
            till: Till::empty(moments()[0], self.bounds.till),
            wallet,
            credited: 0,
            starting: None,
            cancelling: Vec::new(),
            sending: false,
            timer: true,
            heard: 0,
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
        if let Some(then) = moments().into_iter().find(|moment| *moment > world.till.now) {
            let mut next = world.clone();
            next.till.now = then;
            steps.push((Label("time passes", 0), Ok(next)));
        }
        self.people(world, &mut steps);
        self.work(world, &mut steps);
        steps
    }

    fn key(&self, world: &World, key: &mut DefaultHasher) {
        world.till.key(key);
        let recharge = &world.recharge;
        let leg = match &recharge.state {
            State::Returning(sent) | State::ReturnStuck { sent, .. } => sent.attempt,
            _ => 0,
        };
        add(
            key,
            &(recharge.state.name(), recharge.intent, leg, world.credited),
        );
        add(
            key,
            &(&world.starting, &world.cancelling, world.sending, world.timer),
        );
        add(key, &(world.heard, world.left));
    }

    fn broken(&self, world: &World) -> Option<String> {
        world.till.broken().or_else(|| world.credited_rightly().err())
    }

    fn settled(&self, world: &World) -> bool {
        let over = match &world.recharge.state {
            State::Posted { .. } | State::Returned(_) => true,
            State::Rejected(_) | State::Cancelled | State::Expired => world.till.payments.is_empty(),
            // a person would have to look
            State::ReturnStuck { .. } => world.left.resumes == 0,
            _ => false,
        };
        over && world.starting.is_none()
            && world.cancelling.is_empty()
            && !world.sending
            && world.heard == world.till.feed.len()
            && world.till.settled()
    }
}

impl Recharging {
    /// The member, the specialist, the auditor and who looks after what is stuck.
    fn people(&self, world: &World, steps: &mut Vec<Step<World>>) {
        let recharge = &world.recharge;
        let mut took = |label, after: Result<Recharge, Refusal>, left, then: fn(&mut World)| {
            // a refusal changes nothing
            let Ok(after) = after else { return };
            let mut next = world.clone();
            next.left = left;
            then(&mut next);
            steps.push((Label(label, 0), next.save(after)));
        };
        let (left, at) = (world.left, world.till.now);
        if let Some(ends) = left.ends.checked_sub(1) {
            let left = Bounds { ends, ..left };
            let stop = |world: &mut World| world.cancelling.extend(world.recharge.intent);
            took("the member gives it up", recharge.clone().cancel(), left, stop);
            let refused = recharge.clone().reject(PersonId(id(63)), rejection());
            took("the first check says no", refused, left, stop);
        }
        if recharge.pending().minor() > 0 {
            let sent = recharge.clone().send_back(mark(64, at), rejection());
            took("the audit says no", sent, left, |world| world.sending = true);
        }
        if let Some(resumes) = left.resumes.checked_sub(1) {
            let left = Bounds { resumes, ..left };
            let again = |world: &mut World| world.sending = true;
            took("the way back is resumed", recharge.clone().resume(), left, again);
        }
        if let Ok(posted) = (self.decides.post)(recharge.clone(), mark(64, at)) {
            steps.push((Label("the audit says yes", 0), world.clone().post(posted)));
        }
    }
}

fn rejection() -> Rejection {
    Rejection {
        reason: RejectReason::Other,
        advice: Advice::AskStudio,
        explanation: Sealed::nothing(),
    }
}

impl World {
    fn save(mut self, recharge: Recharge) -> Result<Self, String> {
        let (from, to) = (self.recharge.state.name(), recharge.state.name());
        passes("recharges", (from, self.recharge.version), (to, recharge.version))?;
        self.recharge = recharge;
        Ok(self)
    }

    fn post(mut self, recharge: Recharge) -> Result<Self, String> {
        let received = recharge.state.received().ok_or("nothing was received")?;
        let lot = Lot {
            id: LotId(id(60)),
            purse: Purse::Principal,
            origin: Origin::Recharge {
                recharge: recharge.id,
                payment: received.payment,
            },
            legal_entity: entity(),
            amount: received.amount,
            remaining: received.amount.into(),
            opened_at: self.till.now,
        };
        let (wallet, _) = self.wallet.clone().credit(lot).map_err(|e| e.to_string())?;
        self.wallet = wallet;
        self.credited += 1;
        self.save(recharge)
    }

    /// Money becomes a balance once, or goes back, and never both.
    fn credited_rightly(&self) -> Result<(), String> {
        let posted = matches!(self.recharge.state, State::Posted { .. });
        if self.credited != u8::from(posted) {
            return Err("a recharge was credited twice, or not as it says".to_owned());
        }
        if self.wallet.spendable().minor() != i64::from(self.credited) * amount().minor() {
            return Err("the balance is not what was credited".to_owned());
        }
        let back = self.till.sent_back.iter().filter_map(|sent| sent.minor);
        let ours = self.till.payments.first().map(|payment| payment.number.clone());
        let of_payment = self
            .till
            .sent_back
            .iter()
            .filter(|s| Some(&s.payment) == ours.as_ref());
        let returned: i64 = of_payment.filter_map(|sent| sent.minor).sum();
        if posted && returned > 0 {
            return Err("money was credited and went back".to_owned());
        }
        if matches!(self.recharge.state, State::Returned(_)) && back.sum::<i64>() == 0 {
            return Err("money is told to be back and is not".to_owned());
        }
        Ok(())
    }
}
