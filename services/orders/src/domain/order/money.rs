//! What money does that arrives for an order or goes back from it.

use kernel::{Amount, Balance, DueId, PaymentId, Timestamp};

use super::{Change, Due, DueState, Method, Now, Order, State, Step};
use crate::domain::{Refusal, words};

words! {
    /// Why money cannot be used for an order.
    Cause {
        CardRefused = "card_refused",
        Cancelled = "cancelled",
        Expired = "expired",
        PaidTwice = "paid_twice",
        WrongAmount = "wrong_amount",
    }
}

/// Money that arrived, as payments or wallet proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    pub method: Method,
    /// None for the wallet, which knows a spend by its due.
    pub payment: Option<PaymentId>,
    pub amount: Amount,
    pub paid_at: Timestamp,
}

/// What arriving money changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// It was known.
    Known,
    /// The due is paid. The order is paid too unless other dues are owed.
    Paid { change: Change, due: Due },
    /// Money for an order that ended: it is kept on the due and has to go back.
    TooLate { change: Change, due: Due, cause: Cause },
    /// Money that the order has no use for, on a due of its own (`fresh`) or on
    /// one that had been cancelled.
    Surplus {
        change: Change,
        due: Due,
        fresh: bool,
        cause: Cause,
    },
}

/// Decides what arriving money does; `dues` are all of the order's.
pub fn arrive(order: Order, dues: &[Due], due: DueId, money: &Money, now: Now) -> Result<Arrival, Refusal> {
    let known = |d: &Due| match money.payment {
        Some(payment) => d.payment == Some(payment),
        None => d.id == due && d.method == Some(Method::Wallet),
    };
    if dues.iter().any(|d| d.state == DueState::Paid && known(d)) {
        return Ok(Arrival::Known);
    }
    let Some(named) = dues.iter().find(|d| d.id == due) else {
        return Err(Refusal::WrongState { state: order.state });
    };
    let cause = match named {
        _ if named.amount != money.amount => Some(Cause::WrongAmount),
        _ if named.state == DueState::Paid => Some(Cause::PaidTwice),
        _ => None,
    };
    if let Some(cause) = cause {
        // A spend goes back by the id of its due alone, so no other due can keep
        // it. It cannot happen; if it does it must not pass unseen.
        let payment = money.payment.ok_or(Refusal::WrongState { state: order.state })?;
        return surplus(order, extra(named, dues, money, payment), true, cause, now);
    }
    match order.state {
        State::Confirmed | State::Cancelling if named.state != DueState::Cancelled => {
            let owed = dues.iter().any(|d| d.id != due && d.is_owed());
            pay(order, paid(named.clone(), money), owed, now)
        }
        State::Cancelled => too_late(order, paid(named.clone(), money), Cause::Cancelled, now),
        State::Expired => too_late(order, paid(named.clone(), money), Cause::Expired, now),
        _ => {
            let due = Due {
                surplus: true,
                ..paid(named.clone(), money)
            };
            surplus(order, due, false, Cause::PaidTwice, now)
        }
    }
}

fn paid(mut due: Due, money: &Money) -> Due {
    due.state = DueState::Paid;
    due.method = Some(money.method);
    due.payment = money.payment;
    due.paid_at = Some(money.paid_at);
    due.start = None;
    due.refusal = String::new();
    due.version += 1;
    due
}

/// A due of its own for money that belongs to no due.
fn extra(named: &Due, dues: &[Due], money: &Money, payment: PaymentId) -> Due {
    let number = dues.iter().map(|d| d.number).max().unwrap_or_default() + 1;
    let due = Due {
        id: DueId::derived(payment, "surplus"),
        number,
        amount: money.amount,
        intent: None,
        attempt: None,
        attempt_start: None,
        refunded: Balance::ZERO,
        surplus: true,
        version: 0,
        ..named.clone()
    };
    paid(due, money)
}

fn receive(order: &mut Order, amount: Amount) -> Result<(), Refusal> {
    order.paid = order
        .paid
        .plus(amount)
        .ok_or(Refusal::WrongState { state: order.state })?;
    Ok(())
}

fn pay(mut order: Order, due: Due, owed: bool, now: Now) -> Result<Arrival, Refusal> {
    receive(&mut order, due.amount)?;
    let mut steps = Vec::new();
    if !owed {
        steps.push(proof(order.take(Step::Paid, now)?, &due));
    }
    Ok(Arrival::Paid {
        change: Change::of(order, steps),
        due,
    })
}

fn too_late(mut order: Order, due: Due, cause: Cause, now: Now) -> Result<Arrival, Refusal> {
    receive(&mut order, due.amount)?;
    let taken = proof(order.take(Step::Unfulfillable, now)?, &due).with("cause", cause.as_str());
    order.because("the money came after the order had ended");
    Ok(Arrival::TooLate {
        change: Change::of(order, vec![taken]),
        due,
        cause,
    })
}

fn surplus(mut order: Order, due: Due, fresh: bool, cause: Cause, now: Now) -> Result<Arrival, Refusal> {
    receive(&mut order, due.amount)?;
    let taken = proof(order.take(Step::SurplusArrived, now)?, &due).with("cause", cause.as_str());
    Ok(Arrival::Surplus {
        change: Change::of(order, vec![taken]),
        due,
        fresh,
        cause,
    })
}

fn proof(taken: super::Taken, due: &Due) -> super::Taken {
    let taken = taken
        .with("due_id", due.id)
        .with("amount_minor", due.amount.minor());
    match due.payment {
        Some(payment) => taken.with("payment_id", payment),
        None => taken.with("method", Method::Wallet.as_str()),
    }
}

/// Which dues a refund belongs to: the one named, or the paid ones by number.
/// Answers those that changed; refuses what is more than can still go back.
pub fn share_refund(dues: &[Due], named: Option<DueId>, amount: Amount) -> Result<Vec<Due>, Refusal> {
    let mut left = amount.minor();
    let mut changed = Vec::new();
    let mut refundable = 0;
    for due in dues
        .iter()
        .filter(|d| d.state == DueState::Paid && named.is_none_or(|named| named == d.id))
    {
        let room = due.amount.minor() - due.refunded.minor();
        refundable += room;
        let Some(share) = Amount::from_minor(left.min(room)) else {
            continue;
        };
        let Some(refunded) = due.refunded.plus(share) else {
            continue;
        };
        left -= share.minor();
        changed.push(Due {
            refunded,
            version: due.version + 1,
            ..due.clone()
        });
    }
    if left > 0 {
        Err(Refusal::RefundExceedsPayment {
            refundable_minor: refundable,
        })
    } else {
        Ok(changed)
    }
}
