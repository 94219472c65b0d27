use proto::studio::access::v1::Role;
use proto::studio::notifications::v1::ListMessagesRequest;
use proto::studio::notifications::v1::inbox_service_client::InboxServiceClient;
use proto::studio::oversight::v1::ticket_service_client::TicketServiceClient;
use proto::studio::oversight::v1::{
    AcceptResolutionRequest, AssignTicketRequest, DeclineResolutionRequest, OpenTicketRequest,
    ProposeResolutionRequest, RecordProgressRequest, Ticket, TicketKind, TicketState, TicketTopic,
};
use tonic::Code;

use crate::people::{Member, id};
use crate::world::World;

#[tokio::test]
async fn a_complaint_closes_only_when_the_member_accepts() {
    let world = World::open().await;
    let member = world.registers(21).await;
    let studio = world.chain.chaoyang;
    let mut own = TicketServiceClient::new(world.at_oversight(&member.who));
    let opened = complains(&world, &member).await;

    let director = world.hires(Role::StudioDirector, "BJ-CY", studio).await;
    let mut staff = TicketServiceClient::new(world.at_oversight(&director));
    let ticket_id = opened.ticket_id.clone();
    let assignee_person_id = director.person().to_string();
    staff
        .assign_ticket(AssignTicketRequest {
            request_id: id(),
            ticket_id: ticket_id.clone(),
            assignee_person_id,
        })
        .await
        .unwrap();
    let text = "已与教练核实".to_owned();
    staff
        .record_progress(RecordProgressRequest {
            request_id: id(),
            ticket_id: ticket_id.clone(),
            text,
        })
        .await
        .unwrap();
    let propose = |text: &str| ProposeResolutionRequest {
        request_id: id(),
        ticket_id: ticket_id.clone(),
        text: text.to_owned(),
    };
    let proposed = staff
        .propose_resolution(propose("赠送一节课"))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();

    let accept = |version| AcceptResolutionRequest {
        request_id: id(),
        ticket_id: ticket_id.clone(),
        version,
    };
    let refused = staff
        .accept_resolution(accept(proposed.version))
        .await
        .unwrap_err();
    assert_eq!(
        refused.code(),
        Code::PermissionDenied,
        "staff closed a member's complaint"
    );

    let text = "不够".to_owned();
    own.decline_resolution(DeclineResolutionRequest {
        request_id: id(),
        ticket_id: ticket_id.clone(),
        text,
    })
    .await
    .unwrap();
    let proposed = staff
        .propose_resolution(propose("赠送三节课"))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    let closed = own
        .accept_resolution(accept(proposed.version))
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    assert_eq!(closed.state(), TicketState::Closed);
    assert_eq!(closed.accepted_by_person_id, member.id.to_string());

    world.settle().await;
    let mut inbox = InboxServiceClient::new(world.at_notifications(&member.who));
    let messages = inbox
        .list_messages(ListMessagesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .messages;
    assert!(
        messages.len() >= 4,
        "few notices: {:?}",
        messages.iter().map(|m| &m.template).collect::<Vec<_>>()
    );
}

pub async fn complains(world: &World, member: &Member) -> Ticket {
    let mut own = TicketServiceClient::new(world.at_oversight(&member.who));
    own.open_ticket(OpenTicketRequest {
        request_id: id(),
        person_id: member.id.to_string(),
        studio_id: member.studio.to_string(),
        kind: TicketKind::Complaint.into(),
        topic: TicketTopic::Service.into(),
        text: "教练迟到两次".to_owned(),
        order_id: String::new(),
    })
    .await
    .unwrap()
    .into_inner()
    .ticket
    .unwrap()
}
