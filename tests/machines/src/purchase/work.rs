//! The work that waits at orders, the calls that it makes and what becomes of
//! them: the order of orders' reactions, over the same decisions.

use kernel::{AttemptId, CardId, DueId, IntentId};
use orders::domain::order::{Due, Method, Money, News, Next, No, Paying, State, TakeBack};
use payments::domain::Purpose;
use uuid::Uuid;

use super::{Bounds, Purchase, World, moments, price};
use crate::search::{Label, Step};
use crate::till::Told;
use crate::till::doors::Answer;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    ShowQr(Paying),
    Spend(Paying),
    TakeBack(TakeBack),
    OpenCard,
}

/// A call on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    CreateIntent(DueId),
    StartAttempt(IntentId, Uuid),
    CancelIntent(IntentId),
    Spend(DueId, Uuid),
    OpenCard,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reply {
    Intent(IntentId),
    Attempt(IntentId, AttemptId),
    Done,
    Card(CardId),
    No(String),
}

/// How far a run of a task came; all but `Waiting` is lost with the process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Phase {
    Waiting,
    /// With whether the order was confirmed when it was read.
    Asked(Call, bool),
    Answered(Call, Reply, bool),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Work {
    pub kind: Kind,
    pub phase: Phase,
}

impl Work {
    pub fn of(next: &Next) -> Option<Self> {
        let kind = match *next {
            Next::ShowQr(paying) => Kind::ShowQr(paying),
            Next::Spend(paying) => Kind::Spend(paying),
            Next::TakeBack(gone) => Kind::TakeBack(gone),
            Next::OpenCard => Kind::OpenCard,
            Next::TellPaid(_) | Next::TellUnusable(..) | Next::TellFulfilled | Next::TellEnded { .. } => {
                return None;
            }
        };
        let phase = Phase::Waiting;
        Some(Self { kind, phase })
    }
}

/// What a run does next.
enum Do {
    Ask(Call),
    /// Commits this and ends.
    End(News),
    /// Ends without a change.
    Drop,
    /// Comes again later.
    Again,
}

impl Purchase {
    pub(super) fn tasks(&self, world: &World, steps: &mut Vec<Step<World>>) {
        for at in 0..world.tasks.len() {
            self.task(world, at, steps);
        }
        for (at, call) in world.late.iter().enumerate() {
            let mut next = world.clone();
            next.late.remove(at);
            let served = next.serve(*call).map(|_| next);
            steps.push((Label("a late call arrives", at), served));
        }
    }

    fn task(&self, world: &World, at: usize, steps: &mut Vec<Step<World>>) {
        let work = &world.tasks[at];
        match &work.phase {
            Phase::Waiting => {
                let card = |work: &Work| work.kind == Kind::OpenCard;
                let busy = |other: &Work| other.phase != Phase::Waiting && card(other) == card(work);
                if !world.tasks.iter().any(busy) {
                    let confirmed = world.order.state == State::Confirmed;
                    self.go_on(world, at, world.begins(work.kind), confirmed, steps);
                }
            }
            Phase::Asked(call, confirmed) => served(world, at, *call, *confirmed, steps),
            Phase::Answered(call, reply, confirmed) => {
                let mut lost = world.clone();
                lost.tasks[at].phase = Phase::Waiting;
                steps.push((Label("an answer is lost", at), Ok(lost)));
                match answered(work.kind, *call, reply, *confirmed) {
                    Ok(goes_on) => self.go_on(world, at, goes_on, *confirmed, steps),
                    Err(what) => steps.push((Label("an answer is read", at), Err(what))),
                }
            }
        }
    }

    fn go_on(&self, world: &World, at: usize, goes_on: Do, confirmed: bool, steps: &mut Vec<Step<World>>) {
        let mut next = world.clone();
        match goes_on {
            Do::Ask(call) => {
                next.tasks[at].phase = Phase::Asked(call, confirmed);
                steps.push((Label("orders calls", at), Ok(next)));
            }
            Do::Again => {
                next.tasks[at].phase = Phase::Waiting;
                steps.push((Label("orders asks again later", at), Ok(next)));
            }
            Do::Drop => {
                next.tasks.remove(at);
                steps.push((Label("nothing is left to do", at), Ok(next)));
            }
            Do::End(news) => {
                next.tasks.remove(at);
                steps.push((Label("orders commits an outcome", at), self.learn(&next, news)));
            }
        }
    }

    /// Facts of payments and of the wallet, each once and in order.
    pub(super) fn facts(&self, world: &World, steps: &mut Vec<Step<World>>) {
        if let Some(told) = world.till.feed.get(world.heard.0) {
            let mut next = world.clone();
            next.heard.0 += 1;
            let learned = match world.news(told) {
                Some(news) => self.learn(&next, news),
                None => Ok(next),
            };
            steps.push((Label("orders learns a fact of payments", 0), learned));
        }
        if let Some(due) = world.spends.get(world.heard.1) {
            let mut next = world.clone();
            next.heard.1 += 1;
            let news = spent(*due);
            steps.push((
                Label("orders learns a fact of the wallet", 0),
                self.learn(&next, news),
            ));
        }
    }
}

/// The other side does what it is asked; the call may be doubled, or given up
/// and arrive later.
fn served(world: &World, at: usize, call: Call, confirmed: bool, steps: &mut Vec<Step<World>>) {
    let mut answered = |mut next: World, label| {
        let reply = next.serve(call);
        let next = reply.map(|reply| {
            next.tasks[at].phase = Phase::Answered(call, reply, confirmed);
            next
        });
        steps.push((Label(label, at), next));
    };
    if call == Call::OpenCard && world.card.is_none() {
        let mut next = world.clone();
        next.card = Some(Err(()));
        answered(next, "members refuses the card");
    }
    answered(world.clone(), "a call is answered");
    if let Some(late) = world.left.late.checked_sub(1) {
        let mut next = world.clone();
        next.left = Bounds { late, ..next.left };
        next.late.push(call);
        next.late.sort_unstable();
        answered(next.clone(), "a call is answered and doubled");
        next.tasks[at].phase = Phase::Waiting;
        steps.push((Label("a call is delayed and given up", at), Ok(next)));
    }
}

/// The wallet paid a due.
fn spent(due: DueId) -> News {
    let money = Money {
        method: Method::Wallet,
        payment: None,
        amount: price(),
        paid_at: moments()[0],
    };
    News::Arrived { due, money }
}

fn refused(paying: Paying, method: Method, why: &str) -> News {
    let why = why.to_owned();
    News::Refused { paying, method, why }
}

impl World {
    fn due(&self, id: DueId) -> Option<&Due> {
        self.dues.iter().find(|due| due.id == id)
    }

    fn news(&self, told: &Told) -> Option<News> {
        match told {
            Told::Captured(id) => {
                let payment = self.till.payments.iter().find(|p| p.id == *id)?;
                let money = Money {
                    method: Method::WechatNative,
                    payment: Some(payment.id),
                    amount: payment.claim.amount,
                    paid_at: payment.paid_at,
                };
                let due = payment.claim.due_id;
                Some(News::Arrived { due, money })
            }
            Told::IntentExpired(due) | Told::IntentCancelled(due) => Some(News::Released(TakeBack {
                due: *due,
                spend: None,
            })),
            Told::RefundSucceeded(_) | Told::RefundBounced(..) => None,
        }
    }

    /// What a run does first, by what it reads.
    fn begins(&self, kind: Kind) -> Do {
        match kind {
            Kind::ShowQr(paying) => {
                let due = self.due(paying.due);
                match due.filter(|due| due.waits_for(paying, Method::WechatNative)) {
                    None => Do::Drop,
                    Some(due) => match due.intent {
                        None => Do::Ask(Call::CreateIntent(due.id)),
                        Some(intent) => show(paying, intent, self.order.state == State::Confirmed),
                    },
                }
            }
            Kind::Spend(paying) => {
                let due = self.due(paying.due);
                match due.filter(|due| due.waits_for(paying, Method::Wallet)) {
                    None => Do::Drop,
                    Some(due) => Do::Ask(Call::Spend(due.id, paying.start)),
                }
            }
            Kind::TakeBack(gone) => match self.due(gone.due).filter(|due| due.under_way()) {
                None => Do::End(News::Released(gone)),
                Some(due) => Do::Ask(match due.intent {
                    None => Call::CreateIntent(due.id),
                    Some(intent) => Call::CancelIntent(intent),
                }),
            },
            Kind::OpenCard if self.order.state == State::Paid => Do::Ask(Call::OpenCard),
            Kind::OpenCard => Do::Drop,
        }
    }

    /// What the other side does; once for a request, however often it comes.
    fn serve(&mut self, call: Call) -> Result<Reply, String> {
        fn told<T>(answer: Answer<T>, yes: impl FnOnce(T) -> Reply) -> Reply {
            match answer {
                Answer::Yes(found) => yes(found),
                Answer::No(why) => Reply::No(why),
            }
        }
        Ok(match call {
            Call::CreateIntent(due) => {
                let row = self.due(due).ok_or("a due is missing")?;
                let (amount, until) = (row.amount, row.pay_by);
                let answer = self.till.create_intent(Purpose::Order, due, amount, until);
                told(answer, Reply::Intent)
            }
            Call::StartAttempt(intent, start) => {
                let answer = self.till.start_attempt(intent, start)?;
                told(answer, |attempt| Reply::Attempt(intent, attempt))
            }
            Call::CancelIntent(intent) => told(self.till.cancel_intent(intent)?, |()| Reply::Done),
            Call::Spend(due, start) => self.spend(due, start),
            Call::OpenCard => match self.card {
                Some(Err(())) => Reply::No("PRODUCT_ENDED".to_owned()),
                Some(Ok(card)) => Reply::Card(card),
                None => {
                    let card = CardId::derived(self.order.id, "card");
                    self.card = Some(Ok(card));
                    Reply::Card(card)
                }
            },
        })
    }

    fn spend(&mut self, due: DueId, start: Uuid) -> Reply {
        if self.spent_for.contains(&start) {
            return Reply::Done;
        }
        if self.spends.contains(&due) {
            return Reply::No("DUE_ALREADY_PAID".to_owned());
        }
        match self.wallet.clone().spend(price()) {
            Ok((wallet, _)) => {
                self.wallet = wallet;
                self.spends.push(due);
                self.spent_for.push(start);
                Reply::Done
            }
            Err(refusal) => Reply::No(platform::Error::from(refusal).reason().unwrap_or_default()),
        }
    }
}

fn show(paying: Paying, intent: IntentId, confirmed: bool) -> Do {
    if confirmed {
        return Do::Ask(Call::StartAttempt(intent, paying.start));
    }
    Do::End(News::Shown {
        paying,
        intent,
        attempt: None,
    })
}

/// What a run does with an answer.
fn answered(kind: Kind, call: Call, reply: &Reply, confirmed: bool) -> Result<Do, String> {
    Ok(match (kind, reply) {
        (Kind::ShowQr(paying), Reply::Intent(intent)) => show(paying, *intent, confirmed),
        (Kind::ShowQr(paying), Reply::Attempt(intent, attempt)) => Do::End(News::Shown {
            paying,
            intent: *intent,
            attempt: Some(*attempt),
        }),
        (Kind::ShowQr(paying), Reply::No(why)) => match No::to_qr(why) {
            No::PaidAlready => Do::Drop,
            No::NotYet => Do::Again,
            No::Over => Do::End(News::Released(TakeBack {
                due: paying.due,
                spend: None,
            })),
            No::Refused => Do::End(refused(paying, Method::WechatNative, why)),
        },
        (Kind::Spend(paying), Reply::Done) => Do::End(spent(paying.due)),
        (Kind::Spend(paying), Reply::No(why)) => match No::to_spend(why) {
            No::PaidAlready => Do::End(spent(paying.due)),
            No::NotYet => Do::Again,
            No::Over | No::Refused => Do::End(refused(paying, Method::Wallet, why)),
        },
        (Kind::TakeBack(_), Reply::Intent(intent)) => Do::Ask(Call::CancelIntent(*intent)),
        (Kind::TakeBack(gone), Reply::Done) => Do::End(News::Released(gone)),
        (Kind::TakeBack(gone), Reply::No(why)) => match No::to_take_back(why) {
            No::PaidAlready => Do::Drop,
            No::Over => Do::End(News::Released(gone)),
            No::NotYet | No::Refused => Do::Again,
        },
        (Kind::OpenCard, Reply::Card(card)) => Do::End(News::CardOpened(*card)),
        (Kind::OpenCard, Reply::No(why)) => Do::End(News::CardRefused { why: why.clone() }),
        _ => return Err(format!("{call:?} was answered by {reply:?}")),
    })
}
