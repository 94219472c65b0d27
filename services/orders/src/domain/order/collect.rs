//! How an order is paid and delivered: what each piece of news changes, and
//! what has to be done next. [`decide`] is the whole of it; calls and reactions
//! read, write and send.

mod ends;
mod no;
mod starts;

use kernel::{AttemptId, CardId, DueId, IntentId, PersonId};
use platform::vault::Sealed;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Arrival, Cause, Change, Deadline, Due, DueState, Method, Money, Now, Order, State, arrive};
use crate::domain::Refusal;

pub use no::No;
pub use starts::owed;

/// A payment that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Paying {
    pub due: DueId,
    /// The request that started it.
    pub start: Uuid,
}

/// A due whose QR is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TakeBack {
    pub due: DueId,
    /// The request that pays from the wallet instead.
    pub spend: Option<Uuid>,
}

/// What became known about an order that is to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Somebody wants to pay it.
    Start {
        method: Method,
        by: PersonId,
        start: Uuid,
    },
    /// Payments has an intent, and an attempt if it shows a QR.
    Shown {
        paying: Paying,
        intent: IntentId,
        attempt: Option<AttemptId>,
    },
    /// A payment was refused for certain.
    Refused {
        paying: Paying,
        method: Method,
        why: String,
    },
    Arrived {
        due: DueId,
        money: Money,
    },
    /// No QR of the due can be paid any more.
    Released(TakeBack),
    Cancelled {
        by: PersonId,
        reason: Sealed,
    },
    RanOut(Deadline),
    CardOpened(CardId),
    CardRefused {
        why: String,
    },
}

/// What has to be done next: a task for another service, or a fact for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    ShowQr(Paying),
    Spend(Paying),
    TakeBack(TakeBack),
    OpenCard,
    TellPaid(Due),
    /// The money of a due has to go back.
    TellUnusable(Due, Cause),
    TellFulfilled,
    TellEnded {
        by: Option<PersonId>,
        deadline: Option<Deadline>,
    },
}

/// A due that changed, or a further one. One that changes twice in an act is
/// here twice, since every version of it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub due: Due,
    pub fresh: bool,
}

/// What a piece of news changes; nothing when it was known or came too late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// As it stands afterwards.
    pub order: Order,
    pub change: Option<Change>,
    pub dues: Vec<Kept>,
    pub next: Vec<Next>,
}

/// Decides what follows from a piece of news; `dues` are all of the order's.
pub fn decide(order: Order, dues: &[Due], news: News, now: Now) -> Result<Decided, Refusal> {
    match news {
        News::Start { method, by, start } => starts::start(order, dues, (method, by, start), now),
        News::Shown {
            paying,
            intent,
            attempt,
        } => Ok(starts::shown(order, dues, paying, intent, attempt)),
        News::Refused { paying, method, why } => starts::refused(order, dues, paying, method, &why, now),
        News::Arrived { due, money } => Ok(arrived(arrive(order.clone(), dues, due, &money, now)?, order)),
        News::Released(released) => ends::released(order, dues, released, now),
        News::Cancelled { by, reason } => ends::cancelled(order, dues, by, reason, now),
        News::RanOut(deadline) => ends::ran_out(order, dues, deadline, now),
        News::CardOpened(card) => match order.state {
            State::Paid => Ok(Decided::of(order.fulfil(card, now)?).then(Next::TellFulfilled)),
            _ => Ok(Decided::nothing(order)),
        },
        News::CardRefused { why } => cannot_fulfil(order, dues, &why, now),
    }
}

fn arrived(arrival: Arrival, before: Order) -> Decided {
    match arrival {
        Arrival::Known => Decided::nothing(before),
        Arrival::Paid { change, due } if change.order.state == State::Paid => Decided::of(change)
            .keeping(due.clone())
            .then(Next::TellPaid(due))
            .then(Next::OpenCard),
        Arrival::Paid { change, due } => Decided::of(change).keeping(due),
        Arrival::TooLate { change, due, cause } => Decided::of(change)
            .keeping(due.clone())
            .then(Next::TellUnusable(due, cause)),
        Arrival::Surplus {
            change,
            due,
            fresh,
            cause,
        } => {
            let mut decided = Decided::of(change);
            decided.dues.push(Kept {
                due: due.clone(),
                fresh,
            });
            decided.then(Next::TellUnusable(due, cause))
        }
    }
}

fn cannot_fulfil(order: Order, dues: &[Due], why: &str, now: Now) -> Result<Decided, Refusal> {
    if order.state != State::Paid {
        return Ok(Decided::nothing(order));
    }
    let mut decided = Decided::of(order.cannot_fulfil(why, now)?);
    for due in dues.iter().filter(|d| d.state == DueState::Paid && !d.surplus) {
        decided = decided.then(Next::TellUnusable(due.clone(), Cause::CardRefused));
    }
    Ok(decided)
}

impl Decided {
    fn nothing(order: Order) -> Self {
        Self {
            order,
            change: None,
            dues: Vec::new(),
            next: Vec::new(),
        }
    }

    fn of(change: Change) -> Self {
        Self {
            change: Some(change.clone()),
            ..Self::nothing(change.order)
        }
    }

    fn keeping(mut self, due: Due) -> Self {
        self.dues.push(Kept { due, fresh: false });
        self
    }

    fn adding(mut self, due: Due) -> Self {
        self.dues.push(Kept { due, fresh: true });
        self
    }

    fn then(mut self, next: Next) -> Self {
        self.next.push(next);
        self
    }

    /// All dues as they stand afterwards.
    pub fn dues_after(&self, before: &[Due]) -> Vec<Due> {
        let further = self.dues.iter().filter(|kept| kept.fresh).map(|kept| &kept.due);
        let last = |due: &Due| self.dues.iter().rfind(|kept| kept.due.id == due.id);
        before
            .iter()
            .chain(further)
            .map(|due| last(due).map_or(due, |kept| &kept.due).clone())
            .collect()
    }
}
