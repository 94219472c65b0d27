use kernel::{PersonId, fresh_uuid};
use proto::studio::access::v1::Role;
use proto::studio::members::v1::members_event::Fact;
use proto::studio::members::v1::{MemberErased, MembersEvent};
use proto::studio::oversight::v1 as pb;
use testkit::{Identity, chain};
use tonic::Code;

use crate::world::{World, progress, reason};

#[tokio::test]
async fn staff_of_another_studio_see_no_ticket() {
    let world = World::open().await;
    let ticket = world.opened().await;
    let mut other = world.anybody(Identity::staff(Role::StudioDirector, chain().haidian));
    let get = pb::GetTicketRequest {
        ticket_id: ticket.ticket_id.clone(),
    };
    assert_eq!(reason(other.get_ticket(get).await), "NOT_FOUND");
    assert_eq!(
        reason(other.record_progress(progress(&ticket)).await),
        "NOT_FOUND"
    );
    let list = other
        .list_tickets(pb::ListTicketsRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(list.tickets.is_empty());
}

#[tokio::test]
async fn a_member_sees_their_own_tickets_and_nobody_elses() {
    let world = World::open().await;
    let ticket = world.opened().await;
    let mut other = world.anybody(Identity::member(PersonId::fresh()));
    let get = pb::GetTicketRequest {
        ticket_id: ticket.ticket_id.clone(),
    };
    assert_eq!(reason(other.get_ticket(get).await), "NOT_FOUND");
    let theirs = other
        .list_tickets(pb::ListTicketsRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(theirs.tickets.is_empty());
    let own = world
        .member()
        .list_tickets(pb::ListTicketsRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(own.tickets, [ticket]);
}

#[tokio::test]
async fn a_member_opens_a_ticket_for_nobody_else() {
    let world = World::open().await;
    let for_another = pb::OpenTicketRequest {
        person_id: PersonId::fresh().to_string(),
        ..world.complaint()
    };
    assert_eq!(reason(world.member().open_ticket(for_another).await), "NOT_FOUND");
}

#[tokio::test]
async fn whoever_has_no_post_in_it_is_refused() {
    let world = World::open().await;
    let refused = world
        .anybody(Identity::anonymous())
        .open_ticket(world.complaint())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
    let coach = world
        .anybody(Identity::staff(Role::Coach, world.studio))
        .open_ticket(world.complaint())
        .await;
    assert_eq!(coach.unwrap_err().code(), Code::PermissionDenied);
    let service = world
        .anybody(Identity::service("orders"))
        .open_ticket(world.complaint())
        .await;
    assert_eq!(service.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_queue_is_paged_filtered_and_newest_first() {
    let world = World::open().await;
    world.director().await;
    for _ in 0..3 {
        world.opened().await;
    }
    let mine = pb::ListTicketsRequest {
        page_size: 2,
        assigned_to_me: true,
        ..Default::default()
    };
    let first = world
        .as_director()
        .list_tickets(mine.clone())
        .await
        .unwrap()
        .into_inner();
    let rest = pb::ListTicketsRequest {
        page_token: first.next_page_token.clone(),
        ..mine
    };
    let second = world.as_director().list_tickets(rest).await.unwrap().into_inner();
    assert_eq!((first.tickets.len(), second.tickets.len()), (2, 1));
    assert!(first.tickets[0].ticket_id > second.tickets[0].ticket_id);
    assert!(second.next_page_token.is_empty());
    let closed = pb::ListTicketsRequest {
        state: pb::TicketState::Closed.into(),
        ..Default::default()
    };
    assert!(
        world
            .as_director()
            .list_tickets(closed)
            .await
            .unwrap()
            .into_inner()
            .tickets
            .is_empty()
    );
}

#[tokio::test]
async fn what_was_said_lies_sealed_and_is_gone_once_the_member_is_erased() {
    let world = World::open().await;
    let ticket = world.opened().await;
    let stored: Vec<u8> = sqlx::query_scalar("select text from ticket_entries where kind = 'opening'")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("13800138000"));

    let erased = Fact::MemberErased(MemberErased {
        person_id: world.member.to_string(),
    });
    world
        .it
        .hear(world.member, 9, &MembersEvent { fact: Some(erased) })
        .await
        .unwrap();
    assert_eq!(world.read(&ticket.ticket_id).await.entries[0].text, "");
}

#[tokio::test]
async fn every_look_at_a_ticket_is_kept() {
    let world = World::open().await;
    let ticket = world.opened().await;
    world.read(&ticket.ticket_id).await;
    let looks: i64 =
        sqlx::query_scalar("select count(*) from audit where decision = 'looked' and why like $1")
            .bind(format!("%{}%", ticket.ticket_id))
            .fetch_one(world.it.pool())
            .await
            .unwrap();
    assert_eq!(looks, 1);
}

#[tokio::test]
async fn a_ticket_about_no_known_studio_is_refused() {
    let world = World::open().await;
    let nowhere = pb::OpenTicketRequest {
        studio_id: fresh_uuid().to_string(),
        ..world.complaint()
    };
    assert_eq!(reason(world.member().open_ticket(nowhere).await), "NOT_FOUND");
}
