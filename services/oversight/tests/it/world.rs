//! What the tests share: the running service, somebody to tell, and the steps
//! of a complaint.

use std::sync::{Arc, Mutex};

use kernel::{GrantId, NodeId, PersonId, StudioId, fresh_uuid};
use oversight::App;
use platform::Error;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::members_event::Fact;
use proto::studio::members::v1::{MembersEvent, StaffGranted};
use proto::studio::notifications::v1::{SendNoticeRequest, SendNoticeResponse};
use proto::studio::oversight::v1 as pb;
use proto::studio::oversight::v1::ticket_service_client::TicketServiceClient;
use testkit::made_up::{MadeUp, Serving};
use testkit::{Door, Identity, Running, chain, staff_person};
use tonic::{Response, Status};

/// Notifications as the test sees it: what was asked, and how often it fails first.
#[derive(Clone, Default)]
pub struct Told {
    notices: Arc<Mutex<Vec<SendNoticeRequest>>>,
    failures: Arc<Mutex<u32>>,
}

impl Told {
    pub fn notices(&self) -> Vec<SendNoticeRequest> {
        self.notices.lock().unwrap().clone()
    }

    pub fn templates(&self) -> Vec<String> {
        self.notices().into_iter().map(|n| n.template).collect()
    }

    async fn serve(&self) -> Serving {
        let told = self.clone();
        MadeUp::new()
            .on(move |request: SendNoticeRequest| {
                told.notices.lock().unwrap().push(request);
                let mut failures = told.failures.lock().unwrap();
                if *failures > 0 {
                    *failures -= 1;
                    return Err(Status::internal("the answer is lost"));
                }
                Ok(SendNoticeResponse {
                    message_ids: vec![fresh_uuid().to_string()],
                })
            })
            .serve()
            .await
    }

    /// The next calls are taken, but their answers are lost.
    pub fn loses_answers(&self, count: u32) {
        *self.failures.lock().unwrap() = count;
    }
}

pub struct World {
    pub it: Running<App>,
    pub told: Told,
    pub member: PersonId,
    pub studio: StudioId,
    _notifications: Serving,
}

impl World {
    pub async fn open() -> Self {
        let told = Told::default();
        let serving = told.serve().await;
        let it = Running::<App>::start_with(&format!("peers.notifications = '{}'", serving.address)).await;
        Self {
            it,
            told,
            member: PersonId::fresh(),
            studio: chain().chaoyang,
            _notifications: serving,
        }
    }

    /// Tells oversight that `person` holds `role` at the node.
    pub async fn grant(&self, person: PersonId, role: Role, node: NodeId) -> GrantId {
        let grant = GrantId::fresh();
        let fact = StaffGranted {
            grant_id: grant.to_string(),
            person_id: person.to_string(),
            role: role.into(),
            node_id: node.to_string(),
            granted_by: PersonId::fresh().to_string(),
        };
        self.it
            .hear(
                person,
                1,
                &MembersEvent {
                    fact: Some(Fact::StaffGranted(fact)),
                },
            )
            .await
            .unwrap();
        grant
    }

    /// The director of the member's studio, granted and known.
    pub async fn director(&self) -> PersonId {
        let person = staff_person(Role::StudioDirector, self.studio);
        self.grant(person, Role::StudioDirector, NodeId(self.studio.0))
            .await;
        person
    }

    pub fn member(&self) -> TicketServiceClient<Door> {
        TicketServiceClient::new(self.it.as_member(self.member))
    }

    pub fn as_director(&self) -> TicketServiceClient<Door> {
        TicketServiceClient::new(self.it.as_staff(Role::StudioDirector, self.studio))
    }

    pub fn anybody(&self, who: Identity) -> TicketServiceClient<Door> {
        TicketServiceClient::new(self.it.door(who))
    }

    pub fn complaint(&self) -> pb::OpenTicketRequest {
        pb::OpenTicketRequest {
            request_id: fresh_uuid().to_string(),
            person_id: String::new(),
            studio_id: self.studio.to_string(),
            kind: pb::TicketKind::Complaint.into(),
            topic: pb::TicketTopic::Service.into(),
            text: "前台态度恶劣，电话 13800138000".to_owned(),
            order_id: String::new(),
        }
    }

    pub async fn opened(&self) -> pb::Ticket {
        let reply = self.member().open_ticket(self.complaint()).await.unwrap();
        reply.into_inner().ticket.unwrap()
    }

    /// A complaint with a resolution before the member.
    pub async fn proposed(&self) -> pb::Ticket {
        let ticket = self.opened().await;
        self.propose(&ticket.ticket_id).await
    }

    pub async fn propose(&self, ticket: &str) -> pb::Ticket {
        let request = pb::ProposeResolutionRequest {
            request_id: fresh_uuid().to_string(),
            ticket_id: ticket.to_owned(),
            text: "道歉并赠送一次私教课".to_owned(),
        };
        self.as_director()
            .propose_resolution(request)
            .await
            .unwrap()
            .into_inner()
            .ticket
            .unwrap()
    }

    pub async fn read(&self, ticket: &str) -> pb::GetTicketResponse {
        let request = pb::GetTicketRequest {
            ticket_id: ticket.to_owned(),
        };
        self.member().get_ticket(request).await.unwrap().into_inner()
    }
}

pub fn accept(ticket: &pb::Ticket) -> pb::AcceptResolutionRequest {
    pb::AcceptResolutionRequest {
        request_id: fresh_uuid().to_string(),
        ticket_id: ticket.ticket_id.clone(),
        version: ticket.version,
    }
}

pub fn decline(ticket: &pb::Ticket) -> pb::DeclineResolutionRequest {
    pb::DeclineResolutionRequest {
        request_id: fresh_uuid().to_string(),
        ticket_id: ticket.ticket_id.clone(),
        text: "不满意".to_owned(),
    }
}

pub fn progress(ticket: &pb::Ticket) -> pb::RecordProgressRequest {
    pb::RecordProgressRequest {
        request_id: fresh_uuid().to_string(),
        ticket_id: ticket.ticket_id.clone(),
        text: "已调取监控".to_owned(),
    }
}

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    Error::from(answer.unwrap_err()).reason().unwrap_or_default()
}
