use kernel::{NodeId, PersonId, fresh_uuid};
use proto::studio::access::v1::Role;
use proto::studio::oversight::v1 as pb;
use proto::studio::oversight::v1::EntryKind::{Acceptance, Assignment, Decline, Opening, Proposal};
use testkit::{At, Identity, chain, staff_person};
use tonic::Code;

use crate::world::{World, accept, decline, progress, reason};

#[tokio::test]
async fn a_complaint_is_recorded_at_once_and_routed_to_the_responsible_supervisor() {
    let world = World::open().await;
    let director = world.director().await;
    let ticket = world.opened().await;
    assert_eq!(ticket.state(), pb::TicketState::Assigned);
    assert_eq!(ticket.assignee_person_id, director.to_string());
    assert_eq!(ticket.responsible_role(), Role::StudioDirector);
    let read = world.read(&ticket.ticket_id).await;
    assert_eq!(read.entries[0].text, world.complaint().text);
    assert_eq!(read.entries[1].kind(), pb::EntryKind::Assignment);
}

#[tokio::test]
async fn the_nearest_supervisor_with_the_fewest_open_tickets_answers() {
    let world = World::open().await;
    let far = PersonId::fresh();
    world.grant(far, Role::StudioDirector, chain().beijing).await;
    let (first, second) = (PersonId::fresh(), PersonId::fresh());
    world
        .grant(first, Role::StudioDirector, NodeId(world.studio.0))
        .await;
    world
        .grant(second, Role::StudioDirector, NodeId(world.studio.0))
        .await;
    let mut assignees = [
        world.opened().await.assignee_person_id,
        world.opened().await.assignee_person_id,
    ];
    assignees.sort();
    let mut expected = [first.to_string(), second.to_string()];
    expected.sort();
    assert_eq!(assignees, expected);
}

#[tokio::test]
async fn a_complaint_without_a_supervisor_waits_for_a_person_to_assign_it() {
    let world = World::open().await;
    let ticket = world.opened().await;
    assert_eq!(ticket.state(), pb::TicketState::Opened);
    let supervisor = PersonId::fresh();
    world
        .grant(supervisor, Role::StudioDirector, NodeId(world.studio.0))
        .await;
    let mut service = world.anybody(Identity::staff(Role::CustomerService, world.studio));
    let assign = |assignee: PersonId| pb::AssignTicketRequest {
        request_id: fresh_uuid().to_string(),
        ticket_id: ticket.ticket_id.clone(),
        assignee_person_id: assignee.to_string(),
    };
    assert_eq!(
        reason(service.assign_ticket(assign(PersonId::fresh())).await),
        "NOT_RESPONSIBLE"
    );
    assert_eq!(
        reason(service.assign_ticket(assign(world.member)).await),
        "SAME_PERSON"
    );
    let assigned = service
        .assign_ticket(assign(supervisor))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    assert_eq!(assigned.assignee_person_id, supervisor.to_string());
}

#[tokio::test]
async fn a_revoked_grant_answers_for_nothing_even_when_it_is_told_late() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let grant = world
        .grant(person, Role::StudioDirector, NodeId(world.studio.0))
        .await;
    let revoked = proto::studio::members::v1::StaffGrantRevoked {
        grant_id: grant.to_string(),
        person_id: person.to_string(),
        ..Default::default()
    };
    let fact = proto::studio::members::v1::members_event::Fact::StaffGrantRevoked(revoked);
    world
        .it
        .hear(
            person,
            2,
            &proto::studio::members::v1::MembersEvent { fact: Some(fact) },
        )
        .await
        .unwrap();
    assert_eq!(world.opened().await.state(), pb::TicketState::Opened);
}

#[tokio::test]
async fn only_the_members_acceptance_closes_a_complaint() {
    let world = World::open().await;
    world.director().await;
    let ticket = world.proposed().await;
    let stranger = world
        .anybody(Identity::member(PersonId::fresh()))
        .accept_resolution(accept(&ticket))
        .await;
    assert_eq!(reason(stranger), "NOT_FOUND");
    for role in [
        Role::StudioDirector,
        Role::CustomerService,
        Role::OperatorAdmin,
        Role::Operations,
    ] {
        let staff = world
            .anybody(Identity::staff(role, At::Everywhere))
            .accept_resolution(accept(&ticket))
            .await;
        assert_eq!(staff.unwrap_err().code(), Code::PermissionDenied, "{role:?}");
    }
    let closed = world
        .member()
        .accept_resolution(accept(&ticket))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    assert_eq!(closed.state(), pb::TicketState::Closed);
    assert_eq!(closed.accepted_by_person_id, world.member.to_string());
}

#[tokio::test]
async fn no_row_is_closed_without_the_members_acceptance() {
    let world = World::open().await;
    world.director().await;
    let ticket = world.proposed().await;
    for accepted_by in [None, Some(PersonId::fresh())] {
        let forged = sqlx::query(
            "update tickets set state = 'closed', accepted_by = $1, closed_at = now(), version = version + 1",
        )
        .bind(accepted_by)
        .execute(world.it.pool())
        .await;
        assert!(forged.is_err(), "{accepted_by:?}");
    }
    assert_eq!(
        world.read(&ticket.ticket_id).await.ticket.unwrap().state(),
        pb::TicketState::Proposed
    );
}

#[tokio::test]
async fn a_declined_resolution_goes_back_to_negotiation_until_the_member_accepts() {
    let world = World::open().await;
    world.director().await;
    let ticket = world.proposed().await;
    let back = world
        .member()
        .decline_resolution(decline(&ticket))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    assert_eq!((back.state(), back.declines), (pb::TicketState::Negotiating, 1));
    assert_eq!(
        reason(world.member().accept_resolution(accept(&back)).await),
        "WRONG_STATE"
    );
    let again = world.propose(&ticket.ticket_id).await;
    let closed = world
        .member()
        .accept_resolution(accept(&again))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    assert_eq!(closed.state(), pb::TicketState::Closed);
    let kinds: Vec<_> = world
        .read(&ticket.ticket_id)
        .await
        .entries
        .iter()
        .map(pb::Entry::kind)
        .collect();
    assert_eq!(
        kinds,
        [Opening, Assignment, Proposal, Decline, Proposal, Acceptance]
    );
}

#[tokio::test]
async fn a_member_cannot_accept_another_version_than_they_read() {
    let world = World::open().await;
    world.director().await;
    let ticket = world.proposed().await;
    let stale = pb::AcceptResolutionRequest {
        version: ticket.version - 1,
        ..accept(&ticket)
    };
    assert_eq!(
        reason(world.member().accept_resolution(stale).await),
        "VERSION_CONFLICT"
    );
}

#[tokio::test]
async fn only_the_assignee_reports_progress_and_proposes() {
    let world = World::open().await;
    world.director().await;
    let ticket = world.opened().await;
    let other = Identity::posts(
        PersonId::fresh(),
        &[(Role::StudioDirector, At::from(world.studio))],
    );
    assert_eq!(
        reason(world.anybody(other).record_progress(progress(&ticket)).await),
        "NOT_ASSIGNEE"
    );
    let after = world
        .as_director()
        .record_progress(progress(&ticket))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    assert_eq!(after.state(), pb::TicketState::Investigating);
    let closed = world.member().record_progress(progress(&ticket)).await;
    assert_eq!(closed.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn two_answers_of_the_member_racing_let_one_through() {
    let world = World::open().await;
    world.director().await;
    let ticket = world.proposed().await;
    let (mut one, mut other) = (world.member(), world.member());
    let (accepted, declined) = tokio::join!(
        one.accept_resolution(accept(&ticket)),
        other.decline_resolution(decline(&ticket))
    );
    assert_ne!(accepted.is_ok(), declined.is_ok());
}

#[tokio::test]
async fn one_request_answers_alike_and_its_id_serves_no_other() {
    let world = World::open().await;
    let request = world.complaint();
    let (mut one, mut other) = (world.member(), world.member());
    let (a, b) = tokio::join!(
        one.open_ticket(request.clone()),
        other.open_ticket(request.clone())
    );
    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    let different = pb::OpenTicketRequest {
        text: "另一件事情".to_owned(),
        ..request
    };
    assert_eq!(
        reason(world.member().open_ticket(different).await),
        "IDEMPOTENCY_KEY_REUSED"
    );
    let count: i64 = sqlx::query_scalar("select count(*) from tickets")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn bad_fields_are_named_all_at_once() {
    let world = World::open().await;
    let bad = pb::OpenTicketRequest {
        text: "短".to_owned(),
        topic: 0,
        studio_id: "x".to_owned(),
        ..world.complaint()
    };
    let status = world.member().open_ticket(bad).await.unwrap_err();
    let details = tonic_types::StatusExt::get_details_bad_request(&status).unwrap();
    assert!(details.field_violations.iter().all(|v| !v.description.is_empty()));
    let mut fields: Vec<_> = details.field_violations.into_iter().map(|v| v.field).collect();
    fields.sort();
    assert_eq!(fields, ["studio_id", "text", "topic"]);
}

#[tokio::test]
async fn staff_open_for_a_member_of_their_studio_and_say_whose_it_is() {
    let world = World::open().await;
    let desk = || world.anybody(Identity::staff(Role::FrontDesk, world.studio));
    assert_eq!(
        reason(desk().open_ticket(world.complaint()).await),
        "INVALID_FIELDS"
    );
    let named = pb::OpenTicketRequest {
        person_id: world.member.to_string(),
        ..world.complaint()
    };
    let ticket = desk()
        .open_ticket(named.clone())
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    assert_eq!(ticket.person_id, world.member.to_string());
    assert_eq!(
        ticket.opened_by_person_id,
        staff_person(Role::FrontDesk, world.studio).to_string()
    );
    let elsewhere = pb::OpenTicketRequest {
        request_id: fresh_uuid().to_string(),
        studio_id: chain().xuhui.to_string(),
        ..named
    };
    assert_eq!(reason(desk().open_ticket(elsewhere).await), "NOT_FOUND");
}
