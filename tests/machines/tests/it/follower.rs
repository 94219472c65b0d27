use machines::follower::{Bounds, Following};
use platform::subscription::follow::{Take, take};

const SMALL: Bounds = Bounds {
    facts: 3,
    failovers: 1,
    lost: 2,
    crashes: 1,
    doubts: 1,
    processes: 2,
};

#[test]
fn every_fact_takes_effect_once_whatever_becomes_of_its_source() {
    crate::walk("follower", &Following::right(SMALL));
}

#[test]
#[ignore = "a large space, for the long run"]
fn two_failovers_and_two_crashes_pass_no_fact_over() {
    let large = Bounds {
        facts: 4,
        failovers: 2,
        crashes: 2,
        ..SMALL
    };
    crate::walk("follower, two failovers", &Following::right(large));
}

#[test]
fn a_cursor_that_moves_before_the_effect_is_found() {
    let machine = Following {
        cursor_first: true,
        ..Following::right(SMALL)
    };
    crate::finds(&machine, "said to be applied and is not");
}

#[test]
fn an_inbox_that_nobody_looks_at_is_found() {
    let machine = Following {
        take: |moved, _, blocked| take(moved, true, blocked),
        ..Following::right(SMALL)
    };
    crate::finds(&machine, "took effect twice");
}

#[test]
fn a_cursor_that_is_somewhere_else_and_moved_all_the_same_is_found() {
    let machine = Following {
        take: |_, fresh, blocked| take(true, fresh, blocked),
        ..Following::right(SMALL)
    };
    crate::finds(&machine, "was passed over");
}

#[test]
fn a_parked_fact_that_lets_others_pass_is_found() {
    let machine = Following {
        take: |moved, fresh, blocked| match take(moved, fresh, blocked) {
            Take::Park => Take::Known,
            verdict => verdict,
        },
        ..Following::right(SMALL)
    };
    crate::finds(&machine, "said to be applied and is not");
}
