//! From tickets to the facts that others read. No texts, ids only.

use platform::Fact;
use proto::studio::oversight::v1 as pb;
use proto::studio::oversight::v1::oversight_event::Fact as Happened;

use crate::api::shown;
use crate::domain::ticket::Ticket;

fn fact(ticket: &Ticket, happened: Happened) -> Fact<pb::OversightEvent> {
    Fact {
        aggregate: ticket.id.0,
        version: ticket.version,
        event: pb::OversightEvent { fact: Some(happened) },
    }
}

pub fn opened(ticket: &Ticket) -> Fact<pb::OversightEvent> {
    let opened = pb::TicketOpened {
        ticket_id: ticket.id.to_string(),
        person_id: ticket.person.to_string(),
        studio_id: ticket.studio.to_string(),
        kind: shown::kind(ticket.kind).into(),
        topic: shown::topic(ticket.topic).into(),
        responsible_role: ticket.topic.responsible().into(),
    };
    fact(ticket, Happened::TicketOpened(opened))
}

pub fn assigned(ticket: &Ticket) -> Fact<pb::OversightEvent> {
    let assigned = pb::TicketAssigned {
        ticket_id: ticket.id.to_string(),
        studio_id: ticket.studio.to_string(),
        assignee_person_id: ticket.state.assignee().map(|p| p.to_string()).unwrap_or_default(),
    };
    fact(ticket, Happened::TicketAssigned(assigned))
}

pub fn progressed(ticket: &Ticket) -> Fact<pb::OversightEvent> {
    let progressed = pb::TicketProgressed {
        ticket_id: ticket.id.to_string(),
        studio_id: ticket.studio.to_string(),
    };
    fact(ticket, Happened::TicketProgressed(progressed))
}

pub fn proposed(ticket: &Ticket) -> Fact<pb::OversightEvent> {
    let proposed = pb::ResolutionProposed {
        ticket_id: ticket.id.to_string(),
        person_id: ticket.person.to_string(),
        studio_id: ticket.studio.to_string(),
    };
    fact(ticket, Happened::ResolutionProposed(proposed))
}

pub fn closed(ticket: &Ticket) -> Fact<pb::OversightEvent> {
    let closed = pb::TicketClosed {
        ticket_id: ticket.id.to_string(),
        person_id: ticket.person.to_string(),
        studio_id: ticket.studio.to_string(),
        declines: ticket.declines,
    };
    fact(ticket, Happened::TicketClosed(closed))
}

pub fn declined(ticket: &Ticket) -> Fact<pb::OversightEvent> {
    let declined = pb::ResolutionDeclined {
        ticket_id: ticket.id.to_string(),
        person_id: ticket.person.to_string(),
        studio_id: ticket.studio.to_string(),
        declines: ticket.declines,
    };
    fact(ticket, Happened::ResolutionDeclined(declined))
}
