use kernel::{CardId, Clock, PaymentId};
use rust_decimal::Decimal;

use super::*;
use crate::domain::order::Route;
use crate::domain::policy::Used;
use crate::domain::quote::Way;

fn decision() -> Decision {
    Decision {
        by: PersonId::fresh(),
        at: Clock::real(),
        note: Sealed::nothing(),
    }
}

fn case() -> Case {
    let way = |minor, route| Way {
        due: DueId::fresh(),
        route,
        minor,
        paid_minor: minor,
    };
    let ways = vec![
        way(300, Route::Wallet),
        way(700, Route::Channel(PaymentId::fresh())),
    ];
    let quote = Quote {
        order_version: 3,
        policy: None,
        rule: "standard".to_owned(),
        lines: vec![],
        amount_minor: 1_000,
        ways,
        used: Used {
            any: false,
            share: Decimal::ZERO,
            times: 0,
        },
        window_ends_at: None,
        card: Some(CardId::fresh()),
        whole: true,
        refundable_minor: 1_000,
    };
    Case {
        id: RefundCaseId::fresh(),
        number: "F".to_owned(),
        order: OrderId::fresh(),
        due: None,
        person: PersonId::fresh(),
        studio: StudioId::fresh(),
        reason: Reason::Personal,
        explanation: Sealed::nothing(),
        quote,
        amount: Amount::from_minor(1_000).unwrap(),
        opened_by: Some(PersonId::fresh()),
        opened_at: Clock::real(),
        owner: None,
        state: State::Requested,
        version: 1,
    }
}

fn states() -> Vec<State> {
    let why = "CLOSED".to_owned();
    vec![
        State::Requested,
        State::Approved(decision()),
        State::Returning(decision()),
        State::Stuck {
            decision: decision(),
            why,
        },
        State::Settling(decision()),
        State::Completed {
            decision: decision(),
            at: Clock::real(),
        },
        State::Rejected {
            decision: decision(),
            reason: RejectReason::Other,
        },
    ]
}

fn steps() -> Vec<(&'static str, Step)> {
    vec![
        ("approve", Step::Approve(decision())),
        ("reject", Step::Reject(decision(), RejectReason::Other)),
        ("send back", Step::SendBack),
        (
            "get stuck",
            Step::GetStuck {
                why: "CLOSED".to_owned(),
            },
        ),
        ("all returned", Step::AllReturned),
        ("recorded", Step::Recorded { at: Clock::real() }),
    ]
}

const ALLOWED: [(&str, &str, &str); 8] = [
    ("requested", "approve", "approved"),
    ("requested", "reject", "rejected"),
    ("approved", "send back", "returning"),
    ("stuck", "send back", "returning"),
    ("returning", "get stuck", "stuck"),
    ("settling", "get stuck", "stuck"),
    ("returning", "all returned", "settling"),
    ("settling", "recorded", "completed"),
];

#[test]
fn every_pair_of_state_and_step_is_allowed_or_refused_as_declared() {
    for state in states() {
        for (name, step) in steps() {
            let declared = ALLOWED
                .iter()
                .find(|(from, by, _)| *from == state.name() && *by == name);
            match (state.clone().take(step), declared) {
                (Ok(after), Some((_, _, to))) => assert_eq!(after.name(), *to),
                (Err(refused), None) => assert_eq!(refused, Refusal::WrongState { state: state.name() }),
                (outcome, declared) => {
                    panic!("{} by {name}: {outcome:?}, declared {declared:?}", state.name())
                }
            }
        }
    }
}

#[test]
fn neither_who_opened_a_case_nor_who_gets_the_money_decides_it() {
    let case = case();
    for by in [case.person, case.opened_by.unwrap()] {
        let decision = Decision { by, ..decision() };
        let hash = case.subject_hash();
        assert_eq!(
            case.clone().approve(decision.clone(), &hash).unwrap_err(),
            Refusal::SamePerson
        );
        assert_eq!(
            case.clone().reject(decision, RejectReason::Other).unwrap_err(),
            Refusal::SamePerson
        );
    }
}

#[test]
fn an_approval_is_of_exactly_what_was_looked_at() {
    let case = case();
    let other = Case {
        amount: Amount::from_minor(999).unwrap(),
        ..case.clone()
    };
    assert_eq!(
        case.clone()
            .approve(decision(), &other.subject_hash())
            .unwrap_err(),
        Refusal::SubjectChanged
    );
    let hash = case.subject_hash();
    let (approved, legs) = case.approve(decision(), &hash).unwrap();
    assert_eq!(
        legs.iter().map(|leg| leg.amount.minor()).collect::<Vec<_>>(),
        vec![300, 700]
    );
    assert_eq!((approved.state.name(), approved.version), ("approved", 2));
}

#[test]
fn a_stuck_case_is_resumed_by_a_named_person_and_never_by_who_gets_the_money() {
    let stuck = Case {
        state: State::Stuck {
            decision: decision(),
            why: "CLOSED".to_owned(),
        },
        ..case()
    };
    assert_eq!(
        stuck.clone().resume(stuck.person).unwrap_err(),
        Refusal::SamePerson
    );
    let by = PersonId::fresh();
    let resumed = stuck.resume(by).unwrap();
    assert_eq!((resumed.owner, resumed.state.name()), (Some(by), "returning"));
    let approved = Case {
        state: State::Approved(decision()),
        ..case()
    };
    assert!(approved.resume(by).is_err());
}

#[test]
fn a_case_that_is_over_has_no_new_owner() {
    let over = Case {
        state: State::Rejected {
            decision: decision(),
            reason: RejectReason::Other,
        },
        ..case()
    };
    assert!(over.assign(PersonId::fresh()).is_err());
    assert!(case().assign(PersonId::fresh()).is_ok());
}
