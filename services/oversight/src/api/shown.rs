//! Domain values as callers see them.

use kernel::to_proto_time;
use proto::studio::oversight::v1 as pb;

use crate::domain::ticket::{State, Ticket};
use crate::domain::topic::{EntryKind, Kind, Topic};

pub fn ticket(ticket: &Ticket) -> pb::Ticket {
    let (accepted_by, closed_at) = match ticket.state {
        State::Closed { accepted_by, at, .. } => (Some(accepted_by), Some(at)),
        _ => (None, None),
    };
    pb::Ticket {
        ticket_id: ticket.id.to_string(),
        ticket_number: ticket.number.clone(),
        person_id: ticket.person.to_string(),
        studio_id: ticket.studio.to_string(),
        kind: kind(ticket.kind).into(),
        topic: topic(ticket.topic).into(),
        state: state(ticket.state).into(),
        responsible_role: ticket.topic.responsible().into(),
        assignee_person_id: ticket.state.assignee().map(|p| p.to_string()).unwrap_or_default(),
        order_id: ticket.order.map(|o| o.to_string()).unwrap_or_default(),
        opened_by_person_id: ticket.opened_by.to_string(),
        opened_at: Some(to_proto_time(ticket.opened_at)),
        respond_by: Some(to_proto_time(ticket.respond_by)),
        closed_at: closed_at.map(to_proto_time),
        accepted_by_person_id: accepted_by.map(|p| p.to_string()).unwrap_or_default(),
        declines: ticket.declines,
        version: ticket.version,
    }
}

fn state(state: State) -> pb::TicketState {
    match state {
        State::Opened => pb::TicketState::Opened,
        State::Assigned { .. } => pb::TicketState::Assigned,
        State::Investigating { .. } => pb::TicketState::Investigating,
        State::Proposed { .. } => pb::TicketState::Proposed,
        State::Negotiating { .. } => pb::TicketState::Negotiating,
        State::Closed { .. } => pb::TicketState::Closed,
    }
}

/// The word under which a state is kept. None asks for all.
pub fn state_word(state: pb::TicketState) -> Option<&'static str> {
    match state {
        pb::TicketState::Unspecified => None,
        pb::TicketState::Opened => Some("opened"),
        pb::TicketState::Assigned => Some("assigned"),
        pb::TicketState::Investigating => Some("investigating"),
        pb::TicketState::Proposed => Some("proposed"),
        pb::TicketState::Negotiating => Some("negotiating"),
        pb::TicketState::Closed => Some("closed"),
    }
}

pub fn kind(kind: Kind) -> pb::TicketKind {
    match kind {
        Kind::Complaint => pb::TicketKind::Complaint,
        Kind::Request => pb::TicketKind::Request,
    }
}

/// None when unspecified, which the contract's rules refuse before.
pub fn read_kind(kind: pb::TicketKind) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|one| self::kind(*one) == kind)
}

pub fn topic(topic: Topic) -> pb::TicketTopic {
    match topic {
        Topic::Service => pb::TicketTopic::Service,
        Topic::Facility => pb::TicketTopic::Facility,
        Topic::Order => pb::TicketTopic::Order,
        Topic::Payment => pb::TicketTopic::Payment,
        Topic::Recharge => pb::TicketTopic::Recharge,
        Topic::Refund => pb::TicketTopic::Refund,
        Topic::Privacy => pb::TicketTopic::Privacy,
    }
}

/// None when unspecified, which the contract's rules refuse before.
pub fn read_topic(topic: pb::TicketTopic) -> Option<Topic> {
    Topic::ALL.iter().copied().find(|one| self::topic(*one) == topic)
}

pub fn entry_kind(kind: EntryKind) -> pb::EntryKind {
    match kind {
        EntryKind::Opening => pb::EntryKind::Opening,
        EntryKind::Assignment => pb::EntryKind::Assignment,
        EntryKind::Progress => pb::EntryKind::Progress,
        EntryKind::Proposal => pb::EntryKind::Proposal,
        EntryKind::Acceptance => pb::EntryKind::Acceptance,
        EntryKind::Decline => pb::EntryKind::Decline,
    }
}
