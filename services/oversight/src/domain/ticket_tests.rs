use super::*;
use kernel::Clock;

fn ticket(state: State) -> Ticket {
    let id = TicketId::fresh();
    let person = PersonId::fresh();
    let at = Clock::real();
    Ticket {
        id,
        number: number(id),
        person,
        studio: StudioId::fresh(),
        kind: Kind::Complaint,
        topic: Topic::Service,
        state,
        order: None,
        opened_by: person,
        opened_at: at,
        respond_by: at,
        declines: 0,
        version: 7,
    }
}

fn states(to: PersonId, accepted_by: PersonId, at: Timestamp) -> [State; 6] {
    [
        State::Opened,
        State::Assigned { to },
        State::Investigating { to },
        State::Proposed { to },
        State::Negotiating { to },
        State::Closed { to, accepted_by, at },
    ]
}

#[test]
fn every_pair_of_state_and_step_is_either_listed_or_refused() {
    let (to, by, at) = (PersonId::fresh(), PersonId::fresh(), Clock::real());
    let assign = Step::Assign { to };
    let accept = Step::Accept { by, at };
    let allowed = [
        ("opened", assign, "assigned"),
        ("assigned", assign, "assigned"),
        ("assigned", Step::Progress, "investigating"),
        ("assigned", Step::Propose, "proposed"),
        ("investigating", assign, "investigating"),
        ("investigating", Step::Progress, "investigating"),
        ("investigating", Step::Propose, "proposed"),
        ("proposed", accept, "closed"),
        ("proposed", Step::Decline, "negotiating"),
        ("negotiating", assign, "negotiating"),
        ("negotiating", Step::Progress, "negotiating"),
        ("negotiating", Step::Propose, "proposed"),
    ];
    for state in states(to, by, at) {
        for step in [assign, Step::Progress, Step::Propose, accept, Step::Decline] {
            let expected = allowed
                .iter()
                .find(|(s, t, _)| *s == state.as_str() && *t == step)
                .map(|a| a.2);
            assert_eq!(
                state.take(step).ok().map(State::as_str),
                expected,
                "{state:?} {step:?}"
            );
        }
    }
}

#[test]
fn nobody_but_the_member_closes_a_ticket() {
    let to = PersonId::fresh();
    let proposed = ticket(State::Proposed { to });
    assert_eq!(
        proposed.clone().accept(to, 7, Clock::real()),
        Err(Refusal::NotTheirs)
    );
    let member = proposed.person;
    let closed = proposed.accept(member, 7, Clock::real()).unwrap();
    assert!(matches!(closed.state, State::Closed { accepted_by, .. } if accepted_by == member));
    assert_eq!(closed.version, 8);
}

#[test]
fn a_member_accepts_only_what_they_read() {
    let proposed = ticket(State::Proposed {
        to: PersonId::fresh(),
    });
    let member = proposed.person;
    assert_eq!(proposed.accept(member, 6, Clock::real()), Err(Refusal::Changed));
}

#[test]
fn a_declined_resolution_goes_back_to_negotiation_and_is_counted() {
    let proposed = ticket(State::Proposed {
        to: PersonId::fresh(),
    });
    let member = proposed.person;
    let back = proposed.decline(member).unwrap();
    assert_eq!((back.state.as_str(), back.declines), ("negotiating", 1));
}

#[test]
fn only_the_assignee_reports_and_proposes() {
    let to = PersonId::fresh();
    let other = PersonId::fresh();
    assert_eq!(
        ticket(State::Assigned { to }).progress(other),
        Err(Refusal::NotAssignee)
    );
    assert_eq!(
        ticket(State::Assigned { to }).propose(other),
        Err(Refusal::NotAssignee)
    );
    assert!(ticket(State::Assigned { to }).progress(to).is_ok());
}

#[test]
fn nobody_answers_for_their_own_ticket() {
    let opened = ticket(State::Opened);
    let member = opened.person;
    assert_eq!(opened.assign(member), Err(Refusal::OwnTicket));
}

#[test]
fn a_number_has_eight_characters_and_none_that_look_alike() {
    let number = number(TicketId::fresh());
    assert_eq!(number.len(), 10);
    assert!(!number.trim_start_matches("T-").contains(['I', 'L', 'O', 'U']));
}
