use chrono::Duration;

use super::*;
use crate::domain::examples::{attempt_of, intent, noon};

fn states(by: PersonId, maker: PersonId) -> [State; 6] {
    let remedy = Remedy::Refund;
    let ended = By::Persons {
        maker,
        checker: Some(by),
    };
    [
        State::Open,
        State::Taken { by: maker },
        State::Proposed { by: maker, remedy },
        State::Decided { remedy, by: ended },
        State::Answered { remedy, by: ended },
        State::Closed { remedy, by: ended },
    ]
}

#[test]
fn every_pair_of_state_and_step_is_either_listed_or_refused() {
    let (by, maker) = (PersonId::fresh(), PersonId::fresh());
    let remedy = Remedy::SendBack;
    let steps = [
        ("take", Step::Take { by }),
        ("propose", Step::Propose { by: maker, remedy }),
        (
            "explain",
            Step::Propose {
                by: maker,
                remedy: Remedy::Explain,
            },
        ),
        ("confirm", Step::Confirm { by }),
        ("decline", Step::Decline { by }),
        ("answer", Step::Answer),
        ("close", Step::Close),
        ("reopen", Step::Reopen),
        ("prove", Step::Prove { remedy }),
    ];
    let allowed = [
        ("open", "take", "taken"),
        ("open", "prove", "closed"),
        ("taken", "take", "taken"),
        ("taken", "propose", "proposed"),
        ("taken", "explain", "decided"),
        ("taken", "prove", "closed"),
        ("proposed", "confirm", "decided"),
        ("proposed", "decline", "taken"),
        ("proposed", "prove", "closed"),
        ("decided", "answer", "answered"),
        ("decided", "prove", "closed"),
        ("answered", "close", "closed"),
        ("answered", "reopen", "open"),
        ("closed", "reopen", "open"),
    ];
    for state in states(by, maker) {
        for (name, step) in steps {
            let listed = allowed
                .iter()
                .find(|(from, with, _)| *from == state.word() && *with == name);
            assert_eq!(
                state.take(step).ok().map(State::word),
                listed.map(|(_, _, to)| *to),
                "{} {name}",
                state.word()
            );
        }
    }
}

#[test]
fn money_moves_by_two_persons_and_only_who_took_it_proposes() {
    let (one, other) = (PersonId::fresh(), PersonId::fresh());
    let taken = State::Taken { by: one };
    for remedy in [Remedy::SendBack, Remedy::Refund, Remedy::Credit] {
        let stolen = taken.take(Step::Propose { by: other, remedy });
        assert_eq!(stolen, Err(Refusal::NotTakenByCaller));
        let proposed = taken.take(Step::Propose { by: one, remedy }).unwrap();
        for step in [Step::Confirm { by: one }, Step::Decline { by: one }] {
            assert_eq!(proposed.take(step), Err(Refusal::SamePerson));
        }
        let decided = proposed.take(Step::Confirm { by: other }).unwrap();
        assert_eq!((decided.taken_by(), decided.checker()), (Some(one), Some(other)));
        assert_eq!(proposed.take(Step::Decline { by: other }), Ok(taken));
    }
    let nobodys = State::Open.take(Step::Propose {
        by: one,
        remedy: Remedy::Explain,
    });
    assert_eq!(nobodys, Err(Refusal::NotTakenByCaller));
}

fn noticed(origin: Origin) -> Noticed {
    Noticed {
        kind: Kind::PaidNotCredited,
        origin,
        by: None,
        at: noon(),
        due_at: noon() + Duration::hours(24),
    }
}

fn example() -> Exception {
    Exception::open(&attempt_of(&intent()), noticed(Origin::Member), Remedy::Explain)
}

fn answered() -> Exception {
    let by = PersonId::fresh();
    let remedy = Remedy::Explain;
    [Step::Take { by }, Step::Propose { by, remedy }, Step::Answer]
        .into_iter()
        .fold(example(), |case, step| {
            case.step(by, step, noon()).unwrap_or(case)
        })
}

#[test]
fn nobody_works_on_a_case_of_their_own() {
    let case = example();
    let own = Step::Take { by: case.person_id };
    assert_eq!(case.step(case.person_id, own, noon()), Err(Refusal::SamePerson));
}

#[test]
fn talks_with_the_member_are_written_down_until_the_case_is_closed() {
    let by = PersonId::fresh();
    for case in [example(), answered()] {
        let contacted = case.contacted(by).unwrap();
        assert_eq!(
            (contacted.state, contacted.version),
            (case.state, case.version + 1)
        );
        assert_eq!(case.contacted(case.person_id), Err(Refusal::SamePerson));
    }
    let closed = answered().step(by, Step::Close, noon()).unwrap();
    assert_eq!(
        closed.contacted(by),
        Err(Refusal::ExceptionState { state: "closed" })
    );
}

#[test]
fn an_answered_case_is_reopened_with_a_new_deadline_while_the_answer_is_young() {
    let case = answered();
    assert_eq!((case.state.word(), case.answered_at), ("answered", Some(noon())));
    let patience = Duration::days(30);
    let (late, due) = (noon() + patience, noon() + patience + Duration::hours(24));
    let anew = case.reopen(late, due, patience).unwrap();
    assert_eq!((anew.state, anew.reopened, anew.due_at), (State::Open, 1, due));
    let too_late = late + Duration::seconds(1);
    assert_eq!(
        case.reopen(too_late, due, patience),
        Err(Refusal::ExceptionTooOld)
    );
    assert_eq!(
        example().reopen(noon(), due, patience),
        Err(Refusal::ExceptionState { state: "open" })
    );
}

#[test]
fn what_the_system_notices_begins_an_answered_case_anew_and_only_advises_one_under_way() {
    let again = noticed(Origin::IsolatedMoney);
    let anew = answered().noticed(Remedy::SendBack, again);
    assert_eq!(
        (anew.state, anew.reopened, anew.advised),
        (State::Open, 1, Remedy::SendBack)
    );
    let under_way = example();
    let advised = under_way.noticed(Remedy::SendBack, again);
    assert_eq!((advised.state, advised.reopened), (State::Open, 0));
    assert_eq!(
        (advised.advised, advised.version),
        (Remedy::SendBack, under_way.version + 1)
    );
}

#[test]
fn its_time_goes_by_once_and_never_after_an_answer() {
    let case = example();
    assert_eq!(case.overdue(case.due_at - Duration::seconds(1)), None);
    let told = case.overdue(case.due_at).unwrap();
    assert_eq!(told.overdue(case.due_at + Duration::days(9)), None);
    assert_eq!(answered().overdue(case.due_at), None);
}
