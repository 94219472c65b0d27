//! The work of refunds and its calls: the order of its reactions, over the same
//! decisions.

use kernel::{DueId, PaymentId, RefundCaseId, RefundLegId};
use payments::domain::refund::State as RefundState;
use refunds::domain::Leg;
use refunds::domain::case::State;
use refunds::domain::leg::{LegState, Outcome};
use refunds::domain::order::Route;

use super::{Bounds, Refunding, World, fen};
use crate::search::{Label, Step};
use crate::till::Told;
use crate::till::doors::Answer;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Send(RefundLegId, i32),
    Record(RefundCaseId),
}

/// A call on its way: tries are known by what they were sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    Refund(PaymentId, RefundLegId, i64),
    Return(DueId, RefundLegId, i64),
    Record(RefundCaseId),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reply {
    Done,
    UnderWay,
    No(String),
}

/// How far a run came; all but `Waiting` is lost with the process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Phase {
    Waiting,
    Asked(Call),
    Answered(Reply),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Work {
    pub kind: Kind,
    pub phase: Phase,
}

impl Work {
    pub fn send(leg: &Leg) -> Self {
        Self {
            kind: Kind::Send(leg.id, leg.attempt),
            phase: Phase::Waiting,
        }
    }

    pub fn record(case: RefundCaseId) -> Self {
        Self {
            kind: Kind::Record(case),
            phase: Phase::Waiting,
        }
    }

    pub fn runs(&self) -> bool {
        self.phase != Phase::Waiting
    }

    pub fn dies(&mut self) {
        self.phase = Phase::Waiting;
    }
}

impl Refunding {
    pub(super) fn tasks(&self, world: &World, steps: &mut Vec<Step<World>>) {
        for at in 0..world.tasks.len() {
            self.task(world, at, steps);
        }
        for (at, call) in world.late.iter().enumerate() {
            let mut next = world.clone();
            next.late.remove(at);
            next.serve(*call, self.guards.1);
            steps.push((Label("a late call arrives", at), Ok(next)));
        }
        if let Some(told) = world.till.feed.get(world.heard) {
            let mut next = world.clone();
            next.heard += 1;
            let learned = match told {
                Told::RefundSucceeded(leg) => self.told(next, *leg, &Outcome::Returned),
                Told::RefundBounced(leg, why) => {
                    let why = why.clone();
                    self.told(next, *leg, &Outcome::Bounced { why })
                }
                _ => Ok(next),
            };
            steps.push((Label("refunds learns a fact of payments", 0), learned));
        }
    }

    fn task(&self, world: &World, at: usize, steps: &mut Vec<Step<World>>) {
        let mut next = world.clone();
        match &world.tasks[at].phase {
            Phase::Waiting => {
                let label = if let Some(call) = world.asks(world.tasks[at].kind) {
                    next.tasks[at].phase = Phase::Asked(call);
                    "refunds calls"
                } else {
                    next.tasks.remove(at);
                    "nothing is left to do"
                };
                steps.push((Label(label, at), Ok(next)));
            }
            Phase::Asked(call) => self.served(world, at, *call, steps),
            Phase::Answered(reply) => {
                next.tasks[at].phase = Phase::Waiting;
                steps.push((Label("an answer is lost", at), Ok(next.clone())));
                let done = next.tasks.remove(at);
                let ended = match done.kind {
                    Kind::Send(leg, attempt) => self.settle(next, leg, attempt, &outcome(reply)),
                    Kind::Record(case) => recorded(next, case, reply),
                };
                steps.push((Label("refunds commits an outcome", at), ended));
            }
        }
    }

    /// The other side does what it is asked; the call may be doubled, or given
    /// up and arrive later.
    fn served(&self, world: &World, at: usize, call: Call, steps: &mut Vec<Step<World>>) {
        let mut next = world.clone();
        next.tasks[at].phase = Phase::Answered(next.serve(call, self.guards.1));
        steps.push((Label("a call is answered", at), Ok(next.clone())));
        if let Some(late) = world.left.late.checked_sub(1) {
            next.left = Bounds { late, ..next.left };
            next.late.push(call);
            next.late.sort_unstable();
            steps.push((Label("a call is answered and doubled", at), Ok(next.clone())));
            let (left, late) = (next.left, next.late);
            let mut next = World {
                late,
                left,
                ..world.clone()
            };
            next.tasks[at].phase = Phase::Waiting;
            steps.push((Label("a call is delayed and given up", at), Ok(next)));
        }
        if let (Call::Record(_), Some(refusals)) = (call, world.left.refusals.checked_sub(1)) {
            let mut next = world.clone();
            next.left = Bounds {
                refusals,
                ..next.left
            };
            next.tasks[at].phase = Phase::Answered(Reply::No("WRONG_STATE".to_owned()));
            steps.push((Label("the order refuses to write it down", at), Ok(next)));
        }
    }

    /// A fact of payments about a try.
    fn told(&self, world: World, sent_as: RefundLegId, outcome: &Outcome) -> Result<World, String> {
        let found = world.legs.iter().find(|leg| leg.sent_as() == sent_as.0);
        let found = found.map(|leg| (leg.id, leg.attempt));
        match found {
            Some((leg, attempt)) => self.settle(world, leg, attempt, outcome),
            None => Ok(world),
        }
    }

    /// Ends a try, and moves the case with it, as one transaction.
    fn settle(
        &self,
        mut world: World,
        leg: RefundLegId,
        attempt: i32,
        outcome: &Outcome,
    ) -> Result<World, String> {
        let row = world.legs.iter().find(|row| row.id == leg);
        let case = row.map(|row| row.case).ok_or("a leg is missing")?;
        let legs = world.legs_of(case);
        let case = world.cases.iter().find(|row| row.id == case).cloned();
        let case = case.ok_or("a case is missing")?;
        let followed = (self.follow)(case, &legs, leg, attempt, outcome);
        let Some(followed) = followed.map_err(|e| e.to_string())? else {
            return Ok(world);
        };
        if *outcome == Outcome::Returned {
            let minor = followed.leg.amount.minor();
            for row in world
                .ceilings
                .iter_mut()
                .filter(|(due, ..)| *due == followed.leg.due)
            {
                (row.1, row.2) = (row.1 - minor, row.2 + minor);
            }
        }
        world.save_leg(followed.leg)?;
        if followed.begun {
            world.save_case(followed.case)?;
        }
        match (outcome, followed.then) {
            (Outcome::Returned, then) => world.settle_if(Ok(then)),
            (_, Some(stuck)) => world.save_case(stuck).map(|()| world),
            (_, None) => Ok(world),
        }
    }
}

fn outcome(reply: &Reply) -> Outcome {
    match reply {
        Reply::Done => Outcome::Returned,
        Reply::UnderWay => Outcome::Sent,
        Reply::No(why) => Outcome::Bounced { why: why.clone() },
    }
}

fn recorded(mut world: World, case: RefundCaseId, reply: &Reply) -> Result<World, String> {
    let told = match reply {
        Reply::No(why) => Err(why.clone()),
        Reply::Done | Reply::UnderWay => Ok(()),
    };
    let row = world.cases.iter().find(|row| row.id == case).cloned();
    let recorded = row.ok_or("a case is missing")?.recorded(told, world.till.now);
    if let Some(case) = recorded.map_err(|e| e.to_string())? {
        world.save_case(case)?;
    }
    Ok(world)
}

impl World {
    /// What a run asks by what it reads; nothing when that is over.
    fn asks(&self, kind: Kind) -> Option<Call> {
        match kind {
            Kind::Send(id, attempt) => {
                let waits =
                    |leg: &&Leg| leg.id == id && leg.attempt == attempt && leg.state == LegState::Planned;
                let leg = self.legs.iter().find(waits)?;
                let (sent_as, minor) = (RefundLegId(leg.sent_as()), leg.amount.minor());
                Some(match leg.route {
                    Route::Channel(payment) => Call::Refund(payment, sent_as, minor),
                    Route::Wallet => Call::Return(leg.due, sent_as, minor),
                })
            }
            Kind::Record(id) => {
                let case = self.cases.iter().find(|case| case.id == id)?;
                matches!(case.state, State::Settling(_)).then_some(Call::Record(id))
            }
        }
    }

    /// What the other side does; once for a try, however often it is asked.
    fn serve(&mut self, call: Call, guarded: bool) -> Reply {
        match call {
            Call::Refund(payment, leg, minor) => match self.till.refund(payment, leg, fen(minor), guarded) {
                Answer::Yes(RefundState::Succeeded { .. }) => Reply::Done,
                Answer::Yes(RefundState::Bounced { why }) | Answer::No(why) => Reply::No(why),
                Answer::Yes(_) => Reply::UnderWay,
            },
            Call::Return(due, leg, minor) => self.give_back(due, leg, minor),
            Call::Record(case) => {
                if !self.recorded.contains(&case) {
                    self.recorded.push(case);
                    self.recorded.sort_unstable();
                }
                Reply::Done
            }
        }
    }

    fn give_back(&mut self, due: DueId, leg: RefundLegId, minor: i64) -> Reply {
        if self.spend.due != due {
            return Reply::No("UNKNOWN_SPEND".to_owned());
        }
        if self.returns.contains(&leg) {
            return Reply::Done;
        }
        match self.spend.clone().give_back(self.wallet.clone(), fen(minor)) {
            Ok((spend, wallet, _)) => {
                (self.spend, self.wallet) = (spend, wallet);
                self.returns.push(leg);
                Reply::Done
            }
            Err(refusal) => Reply::No(platform::Error::from(refusal).reason().unwrap_or_default()),
        }
    }
}
