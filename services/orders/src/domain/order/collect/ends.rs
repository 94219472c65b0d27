//! An order stops being collected, or one of its dues does.

use kernel::PersonId;
use platform::vault::Sealed;

use super::{Decided, Next, Paying, TakeBack};
use crate::domain::Refusal;
use crate::domain::order::{Deadline, Due, DueState, Method, Now, Order, State};

pub fn cancelled(
    order: Order,
    dues: &[Due],
    by: PersonId,
    reason: Sealed,
    now: Now,
) -> Result<Decided, Refusal> {
    let under_way = dues.iter().any(Due::under_way);
    let decided = Decided::of(order.cancel(reason, under_way, now)?);
    Ok(ended(stop_collecting(decided, dues), dues, Some(by), None))
}

pub fn ran_out(order: Order, dues: &[Due], deadline: Deadline, now: Now) -> Result<Decided, Refusal> {
    let under_way = dues.iter().any(Due::under_way);
    match order.clone().run_out(deadline, under_way, now)? {
        None => Ok(Decided::nothing(order)),
        Some(change) => {
            let decided = stop_collecting(Decided::of(change), dues);
            Ok(ended(decided, dues, None, Some(deadline)))
        }
    }
}

/// No QR of an order that is being cancelled may be paid any more. A spend that
/// is under way answers by itself.
fn stop_collecting(mut decided: Decided, dues: &[Due]) -> Decided {
    if decided.order.state != State::Cancelling {
        return decided;
    }
    let collected = |due: &&Due| due.under_way() && due.method != Some(Method::Wallet);
    for due in dues.iter().filter(collected) {
        let (due, spend) = (due.id, None);
        decided = decided.then(Next::TakeBack(TakeBack { due, spend }));
    }
    decided
}

/// An order that waited for this ends; one that is still to be paid gets
/// another due in its place, paid from the wallet when that was asked for.
pub fn released(order: Order, dues: &[Due], gone: TakeBack, now: Now) -> Result<Decided, Refusal> {
    let by_qr = |d: &&Due| d.id == gone.due && d.is_owed() && d.method != Some(Method::Wallet);
    let before = dues.iter().find(by_qr).map(|due| due.clone().cancelled());
    let mut decided = Decided::nothing(order);
    decided
        .dues
        .extend(before.map(|due| super::Kept { due, fresh: false }));
    let dues = decided.dues_after(dues);
    match decided.order.state {
        State::Cancelling if !dues.iter().any(Due::under_way) => {
            let change = decided.order.close(now)?;
            let closed = Decided {
                dues: decided.dues,
                ..Decided::of(change)
            };
            Ok(ended(closed, &dues, None, None))
        }
        State::Confirmed => Ok(owe_again(decided, &dues, gone, now)),
        _ => Ok(decided),
    }
}

fn owe_again(decided: Decided, dues: &[Due], gone: TakeBack, now: Now) -> Decided {
    let Some(before) = dues.iter().find(|d| d.id == gone.due) else {
        return decided;
    };
    let (due, fresh) = match dues.iter().find(|d| d.is_owed()) {
        Some(due) => (due.clone(), false),
        None if before.pay_by <= now.at => return decided,
        None => (before.further(&decided.order, dues), true),
    };
    let spend = gone.spend.filter(|_| !due.under_way());
    let Some(start) = spend else {
        return if fresh { decided.adding(due) } else { decided };
    };
    let paying = Paying { due: due.id, start };
    let due = due.paying(Method::Wallet, start);
    let decided = if fresh {
        decided.adding(due)
    } else {
        decided.keeping(due)
    };
    decided.then(Next::Spend(paying))
}

/// Takes back what is owed of an order that has ended, and says so.
pub fn ended(
    mut decided: Decided,
    dues: &[Due],
    by: Option<PersonId>,
    deadline: Option<Deadline>,
) -> Decided {
    if !matches!(decided.order.state, State::Cancelled | State::Expired) {
        return decided;
    }
    for due in decided.dues_after(dues) {
        if due.state == DueState::Open {
            decided = decided.keeping(due.cancelled());
        }
    }
    decided.then(Next::TellEnded { by, deadline })
}
