use machines::recharge::{Bounds, Decides, Recharging, decides};
use machines::till::Left;
use wallet::domain::recharge::{State, WayBack};
use wallet::domain::{Recharge, Refusal};

const SMALL: Bounds = Bounds {
    starts: 1,
    ends: 1,
    resumes: 1,
    crashes: 1,
    till: Left {
        late: 0,
        refusals: 1,
        crashes: 0,
    },
};

fn recharging(bounds: Bounds) -> Recharging {
    Recharging {
        bounds,
        decides: decides(),
    }
}

fn with(decides: Decides) -> Recharging {
    Recharging {
        decides,
        ..recharging(SMALL)
    }
}

#[test]
fn a_recharge_is_credited_once_or_goes_back() {
    crate::walk("recharge", &recharging(SMALL));
}

#[test]
#[ignore = "a large space, for the long run"]
fn a_recharge_that_is_paid_twice_is_credited_once() {
    let quiet = Left {
        late: 0,
        refusals: 0,
        crashes: 0,
    };
    let twice = Bounds {
        starts: 2,
        resumes: 0,
        till: quiet,
        ..SMALL
    };
    crate::walk("recharge, two attempts", &recharging(twice));
    let till = Left {
        crashes: 1,
        ..SMALL.till
    };
    let crashes = Bounds {
        crashes: 2,
        till,
        ..SMALL
    };
    crate::walk("recharge, crashes on both sides", &recharging(crashes));
}

/// Money for what was given up is turned away.
fn turns_away(
    recharge: Recharge,
    payment: &payments::domain::payment::Payment,
    at: kernel::Timestamp,
) -> Result<Recharge, Refusal> {
    match recharge.state {
        State::Cancelled | State::Expired | State::Rejected(_) => Err(recharge.wrong_state()),
        _ => (decides().receive)(recharge, payment, at),
    }
}

#[test]
fn money_that_is_turned_away_is_found() {
    let receive = turns_away;
    crate::finds(&with(Decides { receive, ..decides() }), "the recharge is");
}

/// What is posted can be posted again.
fn posts_again(recharge: Recharge, audit: wallet::domain::recharge::Mark) -> Result<Recharge, Refusal> {
    let recharge = match recharge.state.clone() {
        State::Posted { received, .. } => Recharge {
            state: State::Received(received),
            ..recharge
        },
        _ => recharge,
    };
    (decides().post)(recharge, audit)
}

#[test]
fn a_recharge_that_is_credited_twice_is_found() {
    let post = posts_again;
    crate::finds(&with(Decides { post, ..decides() }), "credited twice");
}

/// A try that bounced is taken for one that came back.
fn always_back(recharge: Recharge, leg: uuid::Uuid, _: WayBack) -> Result<Option<Recharge>, Refusal> {
    recharge.way_back_ended(leg, WayBack::Returned)
}

#[test]
fn money_that_bounced_and_is_told_to_be_back_is_found() {
    let back = always_back;
    crate::finds(&with(Decides { back, ..decides() }), "told to be back and is not");
}
