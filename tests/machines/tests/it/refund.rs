use kernel::RefundLegId;
use machines::refund::{Bounds, Follow, Refunding};
use machines::till::Left;
use refunds::domain::case::Followed;
use refunds::domain::leg::Outcome;
use refunds::domain::{Case, Leg, Refusal};

const ONE: Bounds = Bounds {
    resumes: 1,
    late: 1,
    crashes: 1,
    refusals: 1,
    till: Left {
        late: 0,
        refusals: 1,
        crashes: 0,
    },
};

fn refunding(bounds: Bounds, cases: [i64; 2]) -> Refunding {
    Refunding {
        bounds,
        follow: Case::follow,
        guards: (true, true),
        cases,
    }
}

fn with(follow: Follow, bounds: Bounds) -> Refunding {
    Refunding {
        follow,
        ..refunding(bounds, [20, 0])
    }
}

#[test]
fn a_refund_goes_back_once_on_each_way() {
    crate::walk("refund", &refunding(ONE, [20, 0]));
}

#[test]
fn two_refunds_of_one_order_never_give_back_more_than_was_paid() {
    let bounds = Bounds {
        late: 0,
        crashes: 0,
        refusals: 0,
        ..ONE
    };
    crate::walk("two refunds", &refunding(bounds, [30, 40]));
}

#[test]
#[ignore = "a large space, for the long run"]
fn refunds_that_bounce_and_are_resumed_twice_end_well() {
    let till = Left {
        refusals: 2,
        ..ONE.till
    };
    let twice = Bounds {
        resumes: 2,
        late: 1,
        crashes: 2,
        till,
        ..ONE
    };
    crate::walk("refund, resumed twice", &refunding(twice, [20, 0]));
    let both = Bounds {
        late: 0,
        crashes: 0,
        refusals: 0,
        ..ONE
    };
    crate::walk("two refunds that fit", &refunding(both, [20, 40]));
}

#[test]
fn a_ceiling_that_is_not_kept_is_found() {
    let above = Refunding {
        guards: (false, false),
        ..refunding(Bounds { late: 0, ..ONE }, [30, 40])
    };
    crate::finds(&above, "more is promised back than was paid");
}

/// The end of an older try is taken for that of the one under way.
fn of_any_try(
    case: Case,
    legs: &[Leg],
    leg: RefundLegId,
    _: i32,
    outcome: &Outcome,
) -> Result<Option<Followed>, Refusal> {
    let attempt = legs.iter().find(|l| l.id == leg).map(|l| l.attempt);
    case.follow(legs, leg, attempt.unwrap_or_default(), outcome)
}

#[test]
fn an_older_trys_end_that_counts_is_found() {
    crate::finds(&with(of_any_try, ONE), "no end can be reached");
}

/// Acceptance is taken for success.
fn at_once(
    case: Case,
    legs: &[Leg],
    leg: RefundLegId,
    attempt: i32,
    outcome: &Outcome,
) -> Result<Option<Followed>, Refusal> {
    match outcome {
        Outcome::Sent => case.follow(legs, leg, attempt, &Outcome::Returned),
        outcome => case.follow(legs, leg, attempt, outcome),
    }
}

#[test]
fn an_acceptance_that_counts_as_success_is_found() {
    crate::finds(&with(at_once, ONE), "a leg is told to be back and is not");
}
