use comfy_table::Table;
use proto::studio::oversight::v1 as pb;

use super::{Desk, held, studio};
use crate::cli::{Tickets, Topic};
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{table, time, word};

pub async fn run(desk: &Desk, command: Tickets) -> Result<(), Failure> {
    let house = desk.enter("customer-service").await?;
    let ticket = match command {
        Tickets::List { mine } => return list(desk, &house, mine).await,
        Tickets::Show { ticket_id } => return show(desk, &house, ticket_id).await,
        Tickets::Open {
            studio: code,
            text,
            topic,
            person,
        } => {
            let studio_id = studio(&house, &code).await?;
            open(&house, studio_id, text, topic.into(), person).await?
        }
        Tickets::Accept { ticket_id } => accept(&house, ticket_id).await?,
        Tickets::Assign { ticket_id, person_id } => assign(&house, ticket_id, person_id).await?,
        step => say(&house, step).await?,
    };
    let reply = pb::OpenTicketResponse {
        ticket: Some(ticket.clone()),
    };
    desk.output
        .reply::<pb::OpenTicketRequest>(&reply, |_| tickets(&[ticket]))
}

async fn assign(house: &House, ticket_id: String, assignee_person_id: String) -> Result<pb::Ticket, Failure> {
    let request = pb::AssignTicketRequest {
        request_id: request_id(),
        ticket_id,
        assignee_person_id,
    };
    held(house.ask(request).await?.ticket, "ticket")
}

/// Reports, proposes or declines.
async fn say(house: &House, step: Tickets) -> Result<pb::Ticket, Failure> {
    let request_id = request_id();
    let ticket = match step {
        Tickets::Progress { ticket_id, text } => {
            let request = pb::RecordProgressRequest {
                request_id,
                ticket_id,
                text,
            };
            house.ask(request).await?.ticket
        }
        Tickets::Propose { ticket_id, text } => {
            let request = pb::ProposeResolutionRequest {
                request_id,
                ticket_id,
                text,
            };
            house.ask(request).await?.ticket
        }
        Tickets::Decline { ticket_id, text } => {
            let request = pb::DeclineResolutionRequest {
                request_id,
                ticket_id,
                text,
            };
            house.ask(request).await?.ticket
        }
        _ => None,
    };
    held(ticket, "ticket")
}

async fn list(desk: &Desk, house: &House, assigned_to_me: bool) -> Result<(), Failure> {
    let reply = house
        .ask(pb::ListTicketsRequest {
            assigned_to_me,
            ..Default::default()
        })
        .await?;
    desk.output
        .reply::<pb::ListTicketsRequest>(&reply, |r| tickets(&r.tickets))
}

/// Records a complaint.
pub async fn open(
    house: &House,
    studio_id: String,
    text: String,
    topic: pb::TicketTopic,
    person_id: String,
) -> Result<pb::Ticket, Failure> {
    let request = pb::OpenTicketRequest {
        request_id: request_id(),
        person_id,
        studio_id,
        kind: pb::TicketKind::Complaint.into(),
        topic: topic.into(),
        text,
        order_id: String::new(),
    };
    held(house.ask(request).await?.ticket, "ticket")
}

/// Accepts what the ticket proposes now.
pub async fn accept(house: &House, ticket_id: String) -> Result<pb::Ticket, Failure> {
    let ticket = held(
        house
            .ask(pb::GetTicketRequest {
                ticket_id: ticket_id.clone(),
            })
            .await?
            .ticket,
        "ticket",
    )?;
    let request = pb::AcceptResolutionRequest {
        request_id: request_id(),
        ticket_id,
        version: ticket.version,
    };
    held(house.ask(request).await?.ticket, "ticket")
}

async fn show(desk: &Desk, house: &House, ticket_id: String) -> Result<(), Failure> {
    let reply = house.ask(pb::GetTicketRequest { ticket_id }).await?;
    desk.output.reply::<pb::GetTicketRequest>(&reply, |reply| {
        let mut rows = table(["when", "what", "who", "said"]);
        for entry in &reply.entries {
            rows.add_row([
                time(entry.at.as_ref()),
                word(entry.kind().as_str_name(), "ENTRY_KIND_"),
                entry.author_person_id.clone(),
                entry.text.clone(),
            ]);
        }
        rows
    })
}

fn tickets(tickets: &[pb::Ticket]) -> Table {
    let mut rows = table(["ticket", "number", "topic", "state", "answers", "promised"]);
    for ticket in tickets {
        rows.add_row([
            ticket.ticket_id.clone(),
            ticket.ticket_number.clone(),
            word(ticket.topic().as_str_name(), "TICKET_TOPIC_"),
            word(ticket.state().as_str_name(), "TICKET_STATE_"),
            ticket.assignee_person_id.clone(),
            time(ticket.respond_by.as_ref()),
        ]);
    }
    rows
}

impl From<Topic> for pb::TicketTopic {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Service => Self::Service,
            Topic::Facility => Self::Facility,
            Topic::Order => Self::Order,
            Topic::Payment => Self::Payment,
            Topic::Recharge => Self::Recharge,
            Topic::Refund => Self::Refund,
            Topic::Privacy => Self::Privacy,
        }
    }
}
