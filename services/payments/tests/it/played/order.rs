//! One order as it is played: its plan, and how far it has come.

use std::time::Duration;

use kernel::{RefundLegId, from_proto_time, to_proto_time};
use proto::studio::payments::v1 as pb;
use tonic::Status;

use super::accidents::Way;
use super::plan::{Ask, Payer, Plan};
use crate::charging::attempt_of;
use crate::world::{World, fen, reason};

/// For how many ticks a member waits for a payment to ask back.
const PATIENCE: u32 = 6;
/// For how many ticks another attempt is asked for.
const HOPE: u32 = 12;
/// For how many ticks a payer waits for a QR.
const QUEUE: u32 = 3;

pub struct Order {
    plan: Plan,
    intent: Option<pb::Intent>,
    tries: Vec<Progress>,
    asked: Vec<bool>,
}

/// How far an attempt has come.
#[derive(Default)]
struct Progress {
    /// The attempt, and the tick in which it started.
    started: Option<(pb::Attempt, u32)>,
    given_up: bool,
    /// Once the payer has acted, whether it was paid on the screen and in time.
    paid: Option<bool>,
    mended: bool,
}

impl Progress {
    /// Our number of it at the channel.
    fn number(&self) -> Option<&str> {
        Some(self.started.as_ref()?.0.channel_number.as_str())
    }
}

impl Order {
    pub fn new(plan: Plan) -> Self {
        Self {
            intent: None,
            tries: plan.tries.iter().map(|_| Progress::default()).collect(),
            asked: vec![false; plan.refunds.len()],
            plan,
        }
    }

    /// Numbers whose refunds the channel keeps waiting.
    pub fn held_back(&self) -> impl Iterator<Item = &str> {
        let ways = self.plan.tries.iter().zip(&self.tries);
        let held = ways.filter(|(way, _)| way.accidents.hold_refunds());
        held.filter_map(|(_, progress)| progress.number())
    }

    /// Numbers that were paid in time: that money is never late.
    pub fn in_time(&self) -> impl Iterator<Item = &str> {
        let paid = self.tries.iter().filter(|progress| progress.paid == Some(true));
        paid.filter_map(Progress::number)
            .filter(|_| self.plan.cancelled.is_none())
    }

    /// What orders does: asks for the money, and shows a QR.
    pub async fn begin(&mut self, world: &World, tick: u32) {
        if tick < self.plan.begins {
            return;
        }
        if self.intent.is_none() {
            self.intent = Some(self.create(world).await);
        }
        for at in 0..self.tries.len() {
            let (way, progress) = (&self.plan.tries[at], &self.tries[at]);
            let idle = progress.started.is_none() && !progress.given_up;
            let due = self.plan.begins + way.starts;
            if idle && (due..due + HOPE).contains(&tick) {
                if at > 0 && matches!(self.plan.tries[at - 1].payer, Payer::PaysAtLast) {
                    self.pay_now(world, at - 1).await;
                }
                self.start(world, at, tick).await;
            }
        }
    }

    async fn create(&self, world: &World) -> pb::Intent {
        let chain = &world.chain;
        let (studio, entity) = if self.plan.strange {
            (chain.xuhui, chain.shanghai_company)
        } else {
            (chain.chaoyang, chain.beijing_company)
        };
        let lives = Duration::from_mins(self.plan.lives);
        let asked = pb::CreateIntentRequest {
            amount: Some(fen(self.plan.amount)),
            expire_at: Some(to_proto_time(world.it.clock().now() + lives)),
            ..world.asked_of(studio, entity)
        };
        world.create(asked).await.unwrap()
    }

    async fn start(&mut self, world: &World, at: usize, tick: u32) {
        let Some(intent) = &self.intent else { return };
        let way = &self.plan.tries[at];
        let (accidents, method) = (&way.accidents, way.accidents.method());
        if accidents.way == Way::Shows {
            accidents.befall_code(world, way.number);
        }
        let request = pb::StartAttemptRequest {
            intent_id: intent.intent_id.clone(),
            ..accidents.asked(way.number)
        };
        match attempt_of(world.orders().start_attempt(request).await) {
            // one by another method is closed first, and this one started later
            Ok(attempt) if attempt.method() != method => {}
            Ok(attempt) => {
                let known = |other: &Progress| other.number() == Some(&attempt.channel_number);
                // one by the same method can still be paid: it has to end first
                if self.tries.iter().any(known) {
                    return;
                }
                if accidents.way != Way::Shows {
                    accidents.befall(world, &attempt.channel_number);
                }
                self.tries[at].started = Some((attempt, tick));
            }
            Err(refused) => match reason(&refused).as_str() {
                "ATTEMPT_CLOSING" => {}
                "ALREADY_PAID" | "INTENT_CLOSED" | "EXPIRES_TOO_SOON" | "NO_MERCHANT" => {
                    self.tries[at].given_up = true;
                }
                _ => panic!("an attempt is refused: {refused:?}"),
            },
        }
    }

    /// What everybody does while the services work: the payer, the member who
    /// takes it back or wants a refund, and the channel that is well again.
    pub async fn go_on(&mut self, world: &World, tick: u32) {
        for at in 0..self.tries.len() {
            self.pay(world, at, tick).await;
            self.mend(world, at, Some(tick));
        }
        let Some(intent) = &self.intent else { return };
        if self.plan.cancelled == Some(tick - self.plan.begins) {
            match world.cancel(intent).await {
                Ok(_) => {}
                Err(refused) => assert_eq!(reason(&refused), "ALREADY_PAID", "{refused:?}"),
            }
        }
        for at in 0..self.asked.len() {
            let ask = self.plan.refunds[at];
            let due = self.plan.begins + ask.after;
            if !self.asked[at] && tick >= due {
                self.asked[at] = self.ask_back(world, ask).await || tick > due + PATIENCE;
            }
        }
    }

    /// A payer whom the channel does not let pay goes away, unless the QR is not
    /// known there yet.
    async fn pay(&mut self, world: &World, at: usize, tick: u32) {
        let progress = &self.tries[at];
        let Some((_, started)) = progress.started.as_ref().filter(|_| progress.paid.is_none()) else {
            return;
        };
        let (Payer::Scans(after) | Payer::Pays(after) | Payer::PaysLate(after)) = self.plan.tries[at].payer
        else {
            return;
        };
        let (due, last) = (started + after, started + after + QUEUE);
        if tick >= due {
            self.pay_now(world, at).await;
            self.tries[at].paid = self.tries[at].paid.or((tick > last).then_some(false));
        }
    }

    async fn pay_now(&mut self, world: &World, at: usize) {
        let (way, progress) = (&self.plan.tries[at], &mut self.tries[at]);
        let Some((attempt, _)) = progress.started.as_ref().filter(|_| progress.paid.is_none()) else {
            return;
        };
        let (number, wechat) = (&attempt.channel_number, way.accidents.is_wechat());
        if way.accidents.way == Way::Shows {
            way.accidents.agree(world, number);
            // in doubt it is reversed, so nothing follows from it
            progress.paid = Some(false);
            return;
        }
        let honest = matches!(way.payer, Payer::Pays(_) | Payer::PaysAtLast);
        let on_screen = honest && can_be_paid(world, attempt).await;
        let acted = match (way.payer, wechat) {
            (Payer::Pays(_) | Payer::PaysAtLast, true) => world.sim.pay(number).is_ok(),
            (Payer::PaysLate(_), true) => world.sim.pay_late(number).is_ok(),
            (Payer::Pays(_) | Payer::PaysAtLast, false) => world.alipay.pay(number).is_ok(),
            (Payer::PaysLate(_), false) => world.alipay.pay_late(number).is_ok(),
            (Payer::Scans(_), false) => world.alipay.scan(number).is_ok(),
            (Payer::Scans(_), true) | (Payer::Leaves, _) => true,
        };
        progress.paid = acted.then_some(on_screen);
    }

    /// All is well with an attempt from now on; at once, or when its time has come.
    fn mend(&mut self, world: &World, at: usize, tick: Option<u32>) {
        let (way, progress) = (&self.plan.tries[at], &mut self.tries[at]);
        let Some((attempt, started)) = &progress.started else {
            return;
        };
        if !progress.mended && tick.is_none_or(|tick| tick >= started + way.mends) {
            way.accidents.end(world, &attempt.channel_number);
            progress.mended = true;
        }
    }

    /// All is well with the order from now on.
    pub fn heal(&mut self, world: &World) {
        for at in 0..self.tries.len() {
            self.mend(world, at, None);
        }
    }

    /// True when it was asked for, whatever the answer; there may be nothing to
    /// ask back.
    async fn ask_back(&self, world: &World, ask: Ask) -> bool {
        let Some(intent) = &self.intent else { return false };
        let request = pb::ListPaymentsRequest {
            due_id: intent.due_id.clone(),
            ..Default::default()
        };
        let found = world.orders().list_payments(request).await.unwrap().into_inner();
        let Some(payment) = found.payments.first() else {
            return false;
        };
        let (leg, minor) = (
            RefundLegId::fresh(),
            (self.plan.amount * ask.share / 1_000).max(1),
        );
        for _ in 0..ask.times {
            refused_only_above(world.refund(payment, leg, minor).await);
        }
        true
    }
}

/// Whether its QR is on the screen and its time is not over.
async fn can_be_paid(world: &World, attempt: &pb::Attempt) -> bool {
    let now = world.attempt(&attempt.attempt_id).await;
    let ends = from_proto_time(now.expire_at.as_ref()).unwrap();
    now.state() == pb::AttemptState::AwaitingPayment && world.it.clock().now() < ends
}

fn refused_only_above(asked: Result<pb::Refund, Status>) {
    if let Err(refused) = asked {
        assert_eq!(reason(&refused), "REFUND_EXCEEDS_PAYMENT", "{refused:?}");
    }
}
