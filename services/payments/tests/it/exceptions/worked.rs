//! A case in the hands of persons.

use std::time::Duration;

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::{MemberErased, MembersEvent, members_event::Fact};
use proto::studio::payments::v1 as pb;
use testkit::{staff_person, tables_that_tell};
use tonic::Code;

use super::{
    ANSWER, SAID, answer, answered, cases, close, confirm, get, here, list, member, open, opened, propose,
    reopen, take,
};
use crate::world::{World, reason};

#[tokio::test]
async fn a_member_opens_the_case_of_an_attempt_of_theirs_and_nobody_elses() {
    let world = World::open().await;
    let (intent, case) = opened(&world).await;
    assert_eq!(
        (case.state(), case.origin(), case.owner_role()),
        (
            pb::ExceptionState::Open,
            pb::ExceptionOrigin::Member,
            Role::FinanceStaff
        )
    );
    let again = open(member(&world, &intent), &case.attempt_id).await.unwrap();
    assert_eq!(
        again.exception_id, case.exception_id,
        "there is one case of an attempt"
    );
    assert_eq!(world.facts("exception_opened").await, 1);
    let read = get(member(&world, &intent), &case.exception_id).await.unwrap();
    let said: Vec<&str> = read.entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(said, [SAID, SAID]);

    let stranger = || cases(world.it.as_member(PersonId::fresh()));
    let elsewhere = || cases(world.it.as_staff(Role::FrontDesk, world.chain.xuhui));
    for who in [stranger(), elsewhere()] {
        let refused = open(who, &case.attempt_id).await.unwrap_err();
        assert_eq!(reason(&refused), "NOT_FOUND");
    }
    for who in [stranger(), elsewhere()] {
        let refused = get(who, &case.exception_id).await.unwrap_err();
        assert_eq!(reason(&refused), "NOT_FOUND");
    }
    for who in [stranger(), elsewhere()] {
        assert_eq!(list(who, pb::ListExceptionsRequest::default()).await, []);
    }
    let own = list(member(&world, &intent), pb::ListExceptionsRequest::default()).await;
    assert_eq!(own.len(), 1);
}

#[tokio::test]
async fn the_desk_opens_a_case_for_a_member_and_says_that_it_did() {
    let world = World::open().await;
    let attempt = world.qr(&world.intent().await).await;
    let case = open(here(&world, Role::FrontDesk), &attempt.attempt_id)
        .await
        .unwrap();
    assert_eq!(case.origin(), pb::ExceptionOrigin::Desk);
    assert!(!case.opened_by.is_empty());
    let coach = open(here(&world, Role::Coach), &attempt.attempt_id)
        .await
        .unwrap_err();
    assert_eq!(coach.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn what_moves_money_takes_two_persons_and_the_version_that_was_looked_at() {
    let world = World::open().await;
    let (_, case) = opened(&world).await;
    let supervisor = || here(&world, Role::FinanceSupervisor);
    let staff = || here(&world, Role::FinanceStaff);
    let nobodys = propose(staff(), &case, pb::Remedy::Refund).await.unwrap_err();
    assert_eq!(reason(&nobodys), "NOT_TAKEN_BY_CALLER");
    take(supervisor(), &case).await.unwrap();
    let stolen = propose(staff(), &case, pb::Remedy::Refund).await.unwrap_err();
    assert_eq!(reason(&stolen), "NOT_TAKEN_BY_CALLER");
    let proposed = propose(supervisor(), &case, pb::Remedy::Refund).await.unwrap();
    assert_eq!(proposed.state(), pb::ExceptionState::Proposed);
    let own = confirm(supervisor(), &proposed, true).await.unwrap_err();
    assert_eq!(reason(&own), "SAME_PERSON");
    let clerk = confirm(staff(), &proposed, true).await.unwrap_err();
    assert_eq!(clerk.code(), Code::PermissionDenied);
    let early = answer(staff(), &proposed).await.unwrap_err();
    assert_eq!(reason(&early), "EXCEPTION_STATE");

    let another = || {
        cases(
            world
                .it
                .as_staff(Role::FinanceSupervisor, world.chain.beijing_company),
        )
    };
    let stale = pb::Exception {
        version: proposed.version - 1,
        ..proposed.clone()
    };
    let refused = confirm(another(), &stale, true).await.unwrap_err();
    assert_eq!(reason(&refused), "VERSION_CONFLICT");
    let declined = confirm(another(), &proposed, false).await.unwrap();
    assert_eq!(declined.state(), pb::ExceptionState::Taken);
    let proposed = propose(supervisor(), &case, pb::Remedy::Refund).await.unwrap();
    let decided = confirm(another(), &proposed, true).await.unwrap();
    assert_eq!(
        (decided.state(), decided.remedy()),
        (pb::ExceptionState::Decided, pb::Remedy::Refund)
    );
    assert_ne!(decided.taken_by, decided.confirmed_by);
    let twice = confirm(another(), &decided, true).await.unwrap_err();
    assert_eq!(reason(&twice), "EXCEPTION_STATE");
}

#[tokio::test]
async fn a_member_reads_the_answer_and_not_what_colleagues_say_and_closes_or_reopens_it() {
    let world = World::open().await;
    let (intent, case) = answered(&world).await;
    assert_eq!(case.state(), pb::ExceptionState::Answered);
    let read = get(member(&world, &intent), &case.exception_id).await.unwrap();
    let texts: Vec<&str> = read.entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, [SAID, ANSWER]);
    let shown = read.exception.unwrap();
    assert_eq!(
        (shown.taken_by.as_str(), shown.remedy()),
        ("", pb::Remedy::Explain)
    );
    let staff = get(here(&world, Role::FinanceAuditor), &case.exception_id)
        .await
        .unwrap();
    assert_eq!(staff.entries.len(), 4);
    assert!(!staff.exception.unwrap().taken_by.is_empty());

    let closed = close(member(&world, &intent), &case).await.unwrap();
    assert_eq!(closed.state(), pb::ExceptionState::Closed);
    assert_eq!(world.facts("exception_closed").await, 1);
    let refused = open(member(&world, &intent), &case.attempt_id).await.unwrap_err();
    assert_eq!(reason(&refused), "EXCEPTION_STATE");
    let anew = reopen(member(&world, &intent), &case).await.unwrap();
    assert_eq!((anew.state(), anew.reopened), (pb::ExceptionState::Open, 1));
    assert_eq!(world.facts("exception_opened").await, 2);
    let early = close(member(&world, &intent), &case).await.unwrap_err();
    assert_eq!(reason(&early), "EXCEPTION_STATE");
}

#[tokio::test]
async fn an_old_answer_is_not_doubted_any_more() {
    let world = World::open().await;
    let (intent, case) = answered(&world).await;
    world.it.advance(Duration::from_hours(30 * 24 + 1));
    let refused = reopen(member(&world, &intent), &case).await.unwrap_err();
    assert_eq!(reason(&refused), "EXCEPTION_TOO_OLD");
}

#[tokio::test]
async fn nobody_works_on_a_case_of_their_own() {
    let world = World::open().await;
    let asked = pb::CreateIntentRequest {
        person_id: staff_person(Role::FinanceStaff, world.chain.chaoyang).to_string(),
        ..world.asked()
    };
    let attempt = world.qr(&world.create(asked).await.unwrap()).await;
    let case = open(here(&world, Role::FrontDesk), &attempt.attempt_id)
        .await
        .unwrap();
    let refused = take(here(&world, Role::FinanceStaff), &case).await.unwrap_err();
    assert_eq!(reason(&refused), "SAME_PERSON");
    assert!(take(here(&world, Role::Technician), &case).await.is_ok());
}

#[tokio::test]
async fn of_many_who_open_one_case_all_hear_the_same_and_it_begins_once() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    let asked = (0..16).map(|_| open(member(&world, &intent), &attempt.attempt_id));
    let opened = futures::future::join_all(asked).await;
    let first = opened[0].as_ref().unwrap().exception_id.clone();
    assert!(
        opened
            .iter()
            .all(|case| case.as_ref().unwrap().exception_id == first)
    );
    assert_eq!(world.facts("exception_opened").await, 1);
    let entries = world.count("select count(*) from exception_entries where kind <> $1", "");
    assert_eq!(entries.await, 16);
}

#[tokio::test]
async fn of_two_who_confirm_and_decline_at_once_one_is_heard() {
    let world = World::open().await;
    let (_, case) = opened(&world).await;
    let staff = || here(&world, Role::FinanceStaff);
    take(staff(), &case).await.unwrap();
    let proposed = propose(staff(), &case, pb::Remedy::Credit).await.unwrap();
    let supervisor = || here(&world, Role::FinanceSupervisor);
    let (yes, no) = tokio::join!(
        confirm(supervisor(), &proposed, true),
        confirm(supervisor(), &proposed, false)
    );
    assert!(yes.is_ok() != no.is_ok(), "{yes:?} {no:?}");
}

#[tokio::test]
async fn what_is_said_stands_sealed() {
    let world = World::open().await;
    answered(&world).await;
    for words in [SAID, ANSWER, "查过渠道"] {
        assert_eq!(
            tables_that_tell(world.it.pool(), words).await,
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
async fn what_was_said_goes_with_the_person_and_the_case_stays() {
    let world = World::open().await;
    let (intent, case) = answered(&world).await;
    let person: PersonId = intent.person_id.parse().unwrap();
    let erased = MembersEvent {
        fact: Some(Fact::MemberErased(MemberErased {
            person_id: person.to_string(),
        })),
    };
    world.it.hear(person, 1, &erased).await.unwrap();
    let staff = || here(&world, Role::FinanceStaff);
    let read = get(staff(), &case.exception_id).await.unwrap();
    assert!(read.entries.iter().all(|entry| entry.text.is_empty()), "{read:?}");
    assert_eq!(read.exception.unwrap().state(), pb::ExceptionState::Answered);
    assert!(
        reopen(staff(), &case).await.is_ok(),
        "nothing is kept of new words"
    );
}

#[tokio::test]
async fn pages_of_cases_show_each_once_and_those_due_first() {
    let world = World::open().await;
    for _ in 0..3 {
        opened(&world).await;
        world.it.advance(Duration::from_secs(1));
    }
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let request = pb::ListExceptionsRequest {
            page_size: 2,
            page_token: token,
            ..Default::default()
        };
        let mut client = here(&world, Role::FinanceStaff);
        let page = client.list_exceptions(request).await.unwrap().into_inner();
        seen.extend(page.exceptions.iter().map(|case| case.due_at));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted_by_key(|due| due.map(|at| (at.seconds, at.nanos))));
    let none = pb::ListExceptionsRequest {
        r#type: pb::ExceptionType::PaidNotCredited.into(),
        ..Default::default()
    };
    assert_eq!(list(here(&world, Role::FinanceStaff), none).await, []);
}
