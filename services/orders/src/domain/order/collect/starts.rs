//! A payment begins.

use kernel::{AttemptId, IntentId, PersonId};
use uuid::Uuid;

use super::{Decided, Next, Paying, TakeBack, ends};
use crate::domain::Refusal;
use crate::domain::order::{Due, Method, Now, Order, Start};

/// The due that has to be paid next; one that is paid when none has.
pub fn owed<'a>(order: &Order, dues: &'a [Due]) -> Result<&'a Due, Refusal> {
    let next = dues.iter().find(|d| d.is_owed()).or_else(|| dues.last());
    next.ok_or(Refusal::WrongState { state: order.state })
}

pub fn start(
    order: Order,
    dues: &[Due],
    (method, by, start): (Method, PersonId, Uuid),
    now: Now,
) -> Result<Decided, Refusal> {
    let due = owed(&order, dues)?.clone();
    let plan = due.plan(&order, method, by, now)?;
    if plan == Start::Wait {
        return Ok(Decided::nothing(order));
    }
    let mut decided = Decided::of(order.start_payment(method, now)?);
    if plan == Start::TakeBackAndSpend {
        let (due, spend) = (due.id, Some(start));
        return Ok(decided.then(Next::TakeBack(TakeBack { due, spend })));
    }
    let due = if due.tried_by_another(method) {
        // What was asked before may still be on its way: were it the same due,
        // nobody could tell afterwards which of the two paid it.
        let further = due.further(&decided.order, dues);
        decided = decided.keeping(due.cancelled());
        further
    } else {
        due
    };
    let paying = Paying { due: due.id, start };
    let fresh = dues.iter().all(|known| known.id != due.id);
    let due = due.paying(method, start);
    decided = if fresh {
        decided.adding(due)
    } else {
        decided.keeping(due)
    };
    Ok(decided.then(match plan {
        Start::ShowQr => Next::ShowQr(paying),
        Start::Spend | Start::Wait | Start::TakeBackAndSpend => Next::Spend(paying),
    }))
}

pub fn shown(
    order: Order,
    dues: &[Due],
    paying: Paying,
    intent: IntentId,
    attempt: Option<AttemptId>,
) -> Decided {
    let due = dues.iter().find(|due| due.id == paying.due);
    let decided = Decided::nothing(order);
    match due.filter(|due| due.is_owed()) {
        Some(due) => decided.keeping(
            due.clone()
                .shown(intent, attempt.map(|attempt| (attempt, paying.start))),
        ),
        None => decided,
    }
}

/// The due is open again, and an order that waited for this to be cancelled ends.
pub fn refused(
    order: Order,
    dues: &[Due],
    paying: Paying,
    method: Method,
    why: &str,
    now: Now,
) -> Result<Decided, Refusal> {
    let Some(due) = dues.iter().find(|due| due.waits_for(paying, method)) else {
        return Ok(Decided::nothing(order));
    };
    let decided = Decided::of(order.payment_refused(why, now)?).keeping(due.clone().refused(why));
    Ok(ends::ended(decided, dues, None, None))
}
