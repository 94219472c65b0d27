use kernel::Timestamp;
use machines::purchase::{Bounds, Decide, Purchase};
use machines::till::Left;
use orders::domain::Refusal;
use orders::domain::order::{Decided, Due, DueState, News, Next, Now, Order, State, decide};
use payments::channel::Identity;
use payments::domain::OutOfOrder;
use payments::domain::attempt::Attempt;
use payments::domain::evidence::{self, Evidence, Verdict};
use payments::domain::intent::Intent;

const NONE: Bounds = Bounds {
    qr: 0,
    wallet: 0,
    cancels: 0,
    late: 0,
    crashes: 0,
    till: Left {
        late: 0,
        refusals: 0,
        crashes: 0,
    },
};

fn purchase(bounds: Bounds) -> Purchase {
    Purchase {
        bounds,
        decide,
        till: evidence::decide,
    }
}

fn with(decide: Decide, bounds: Bounds) -> Purchase {
    Purchase {
        decide,
        ..purchase(bounds)
    }
}

#[test]
fn an_order_is_paid_by_qr_once_or_its_money_goes_back() {
    let cancelled = Bounds {
        qr: 1,
        cancels: 1,
        ..NONE
    };
    crate::walk("purchase by QR", &purchase(cancelled));
}

#[test]
fn an_order_is_paid_from_the_wallet_once_or_its_money_goes_back() {
    let wallet = Bounds {
        wallet: 3,
        cancels: 1,
        late: 2,
        crashes: 2,
        ..NONE
    };
    crate::walk("purchase from the wallet", &purchase(wallet));
}

#[test]
#[ignore = "a large space, for the long run"]
fn two_attempts_and_the_wallet_race_and_every_order_ends_well() {
    let till = Left {
        late: 1,
        refusals: 1,
        crashes: 1,
    };
    let spaces = [
        Bounds {
            qr: 1,
            wallet: 1,
            ..NONE
        },
        Bounds { qr: 2, ..NONE },
        Bounds { qr: 1, till, ..NONE },
        Bounds {
            qr: 1,
            late: 1,
            crashes: 2,
            ..NONE
        },
        Bounds {
            qr: 1,
            cancels: 1,
            crashes: 1,
            ..NONE
        },
    ];
    let states = spaces.map(|bounds| crate::walk(&format!("{bounds:?}"), &purchase(bounds)).states);
    assert!(states.iter().sum::<usize>() >= 1_000_000);
}

/// One due for both ways to pay, as it was once: a spend that comes late meets
/// a due that a QR paid, and has no due of its own to go back by.
fn keeps_the_due(order: Order, dues: &[Due], news: News, now: Now) -> Result<Decided, Refusal> {
    let mut dues = dues.to_vec();
    if matches!(news, News::Start { .. }) {
        for due in dues.iter_mut().filter(|due| due.state == DueState::Open) {
            due.method = None;
        }
    }
    decide(order, &dues, news, now)
}

#[test]
fn a_due_that_is_tried_both_ways_is_found() {
    let bounds = Bounds {
        qr: 1,
        wallet: 1,
        late: 1,
        ..NONE
    };
    crate::finds(&with(keeps_the_due, bounds), "Arrived");
}

fn tells_nobody(order: Order, dues: &[Due], news: News, now: Now) -> Result<Decided, Refusal> {
    let mut decided = decide(order, dues, news, now)?;
    decided
        .next
        .retain(|next| !matches!(next, Next::TellUnusable(..)));
    Ok(decided)
}

#[test]
fn money_that_nobody_is_told_to_send_back_is_found() {
    let bounds = Bounds { wallet: 1, ..NONE };
    crate::finds(&with(tells_nobody, bounds), "dues paid for 0 terms");
}

/// What comes while an order is being cancelled is not looked at.
fn looks_away(order: Order, dues: &[Due], news: News, now: Now) -> Result<Decided, Refusal> {
    if order.state == State::Cancelling && matches!(news, News::Arrived { .. } | News::Refused { .. }) {
        let (change, dues, next) = (None, Vec::new(), Vec::new());
        return Ok(Decided {
            order,
            change,
            dues,
            next,
        });
    }
    decide(order, dues, news, now)
}

#[test]
fn an_order_that_never_stops_being_cancelled_is_found() {
    let bounds = Bounds {
        wallet: 1,
        cancels: 1,
        ..NONE
    };
    crate::finds(&with(looks_away, bounds), "no end can be reached");
}

/// A card that was opened is told of as often as somebody asks.
fn opens_at_once(order: Order, dues: &[Due], news: News, now: Now) -> Result<Decided, Refusal> {
    let mut decided = decide(order, dues, news, now)?;
    if decided.next.contains(&Next::OpenCard) {
        decided.next.push(Next::TellFulfilled);
    }
    Ok(decided)
}

#[test]
fn an_order_that_is_fulfilled_twice_is_found() {
    let bounds = Bounds { wallet: 1, ..NONE };
    crate::finds(&with(opens_at_once, bounds), "fulfilled twice");
}

/// Late and second money is let pass.
fn lets_pass(
    intent: &Intent,
    attempt: &Attempt,
    ours: &Identity,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Verdict, OutOfOrder> {
    Ok(match evidence::decide(intent, attempt, ours, evidence, now)? {
        Verdict::Isolated { .. } => Verdict::NoEffect,
        verdict => verdict,
    })
}

#[test]
fn late_money_that_is_not_isolated_is_found() {
    let bounds = Bounds {
        qr: 1,
        cancels: 1,
        ..NONE
    };
    let machine = Purchase {
        till: lets_pass,
        ..purchase(bounds)
    };
    crate::finds(&machine, "no end can be reached");
}

/// The time of an attempt is taken for proof that nobody pays it any more.
fn trusts_the_clock(
    intent: &Intent,
    attempt: &Attempt,
    ours: &Identity,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Verdict, OutOfOrder> {
    match evidence {
        Evidence::Paid(_) if attempt.expire_at <= now => Ok(Verdict::NoEffect),
        _ => evidence::decide(intent, attempt, ours, evidence, now),
    }
}

#[test]
fn a_payment_that_is_not_believed_because_it_is_late_is_found() {
    let bounds = Bounds { qr: 1, ..NONE };
    let machine = Purchase {
        till: trusts_the_clock,
        ..purchase(bounds)
    };
    crate::finds(&machine, "no end can be reached");
}
