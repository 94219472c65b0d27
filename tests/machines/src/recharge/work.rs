//! The wallet's calls and reactions about a recharge, in their order and over
//! the same decisions.

use kernel::{IntentId, RefundLegId};
use payments::domain::Purpose;
use payments::domain::refund::State as RefundState;
use wallet::domain::recharge::{Recharge, State, WayBack};

use super::{Recharging, World, amount};
use crate::search::{Label, Step};
use crate::till::doors::Answer;
use crate::till::{Told, id};

/// How far the call came by which the member begins to pay.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Starting {
    Read,
    Intent(IntentId),
    Attempt(IntentId),
}

impl Recharging {
    pub(super) fn work(&self, world: &World, steps: &mut Vec<Step<World>>) {
        starts(world, steps);
        cancels(world, steps);
        self.sends_back(world, steps);
        if world.timer && world.recharge.expire_at <= world.till.now {
            let mut next = world.clone();
            next.timer = false;
            let out = world.recharge.clone().run_out();
            steps.push((Label("the recharge's time is over", 0), or_same(next, out)));
        }
        if let Some(told) = world.till.feed.get(world.heard) {
            let mut next = world.clone();
            next.heard += 1;
            let label = Label("the wallet learns a fact of payments", 0);
            steps.push((label, self.learns(next, told)));
        }
        if world.left.crashes > 0 && world.starting.is_some() {
            let mut next = world.clone();
            next.left.crashes -= 1;
            next.starting = None;
            steps.push((Label("the wallet crashes", 0), Ok(next)));
        }
    }

    fn learns(&self, world: World, told: &Told) -> Result<World, String> {
        let recharge = world.recharge.clone();
        match told {
            Told::Captured(id) => {
                let payment = world.till.payments.iter().find(|p| p.id == *id);
                let payment = payment.ok_or("a payment is missing")?;
                let received = (self.decides.receive)(recharge, payment, world.till.now);
                world.save(received.map_err(|e| e.to_string())?)
            }
            Told::IntentExpired(_) | Told::IntentCancelled(_) => or_same(world, recharge.unpaid_for_good()),
            Told::RefundSucceeded(leg) => self.back(world, *leg, WayBack::Returned),
            Told::RefundBounced(leg, why) => self.back(world, *leg, WayBack::Stuck(why.clone())),
        }
    }

    fn back(&self, world: World, leg: RefundLegId, outcome: WayBack) -> Result<World, String> {
        let ended = (self.decides.back)(world.recharge.clone(), leg.0, outcome);
        or_same(world, ended)
    }

    /// The task that sends money back; its answer may be lost.
    fn sends_back(&self, world: &World, steps: &mut Vec<Step<World>>) {
        if !world.sending {
            return;
        }
        let mut next = world.clone();
        let State::Returning(sent) = &world.recharge.state else {
            next.sending = false;
            steps.push((Label("nothing is left to send back", 0), Ok(next)));
            return;
        };
        let leg = RefundLegId(sent.leg);
        let answer = next
            .till
            .refund(sent.received.payment, leg, sent.received.amount, true);
        steps.push((Label("it is sent back, the answer is lost", 0), Ok(next.clone())));
        next.sending = false;
        let outcome = match answer {
            Answer::Yes(RefundState::Succeeded { .. }) => Some(WayBack::Returned),
            Answer::Yes(RefundState::Bounced { why }) | Answer::No(why) => Some(WayBack::Stuck(why)),
            Answer::Yes(_) => None,
        };
        let next = match outcome {
            Some(outcome) => self.back(next, leg, outcome),
            None => Ok(next),
        };
        steps.push((Label("it is sent back", 0), next));
    }
}

/// What was decided, or nothing.
fn or_same(
    world: World,
    decided: Result<Option<Recharge>, wallet::domain::Refusal>,
) -> Result<World, String> {
    match decided.map_err(|e| e.to_string())? {
        Some(recharge) => world.save(recharge),
        None => Ok(world),
    }
}

/// The member begins to pay: payments is asked first, without a transaction.
fn starts(world: &World, steps: &mut Vec<Step<World>>) {
    let mut next = world.clone();
    match &world.starting {
        None => {
            if let (Some(starts), State::Accepted) = (world.left.starts.checked_sub(1), &world.recharge.state)
            {
                next.left.starts = starts;
                next.starting = Some(Starting::Read);
                steps.push((Label("the member begins to pay", 0), Ok(next)));
            }
        }
        Some(Starting::Read) => {
            let (due, until) = (world.recharge.due, world.recharge.expire_at);
            next.starting = match next.till.create_intent(Purpose::Recharge, due, amount(), until) {
                Answer::Yes(intent) => Some(Starting::Intent(intent)),
                Answer::No(_) => None,
            };
            steps.push((Label("the wallet asks for an intent", 0), Ok(next)));
        }
        Some(Starting::Intent(intent)) => {
            let start = id(100 + u128::from(world.left.starts));
            let answer = next.till.start_attempt(*intent, start);
            let asked = answer.map(|answer| {
                next.starting = match answer {
                    Answer::Yes(_) => Some(Starting::Attempt(*intent)),
                    Answer::No(_) => None,
                };
                next
            });
            steps.push((Label("the wallet asks for an attempt", 0), asked));
        }
        Some(Starting::Attempt(intent)) => {
            next.starting = None;
            let noted = if let Ok(recharge) = world.recharge.clone().pay(*intent) {
                next.save(recharge)
            } else {
                next.cancelling.push(*intent);
                Ok(next)
            };
            steps.push((Label("the wallet notes the intent", 0), noted));
        }
    }
}

/// Intents of what was given up; an answer that is lost is asked for again.
fn cancels(world: &World, steps: &mut Vec<Step<World>>) {
    for (at, intent) in world.cancelling.iter().enumerate() {
        let mut next = world.clone();
        let answer = next.till.cancel_intent(*intent);
        let lost = answer.as_ref().map(|_| next.clone()).map_err(Clone::clone);
        steps.push((Label("an intent is cancelled, the answer is lost", at), lost));
        let ended = answer.and_then(|answer| match answer {
            Answer::No(why) if why != "ALREADY_PAID" => Err(format!("an intent stays open: {why}")),
            Answer::Yes(()) | Answer::No(_) => {
                next.cancelling.remove(at);
                Ok(next)
            }
        });
        steps.push((Label("an intent is cancelled", at), ended));
    }
}
