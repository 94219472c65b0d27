//! Every step of a ticket is told to its member through notifications.

use kernel::{TicketId, Timestamp};
use platform::NewTask;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ticket::Ticket;

/// The task that asks for a notice.
pub const SEND_NOTICE: &str = "send_notice";

/// What is told to whom; ids, numbers and times only.
#[derive(Serialize, Deserialize)]
pub struct SendNotice {
    /// The entry that is told about: the notice's request id follows from it.
    pub entry_id: Uuid,
    pub ticket_id: TicketId,
    pub template: String,
    pub person_id: Uuid,
    pub studio_id: Uuid,
    pub values: Vec<(String, String)>,
}

/// The task for a notice about an entry of a ticket. Notices of one ticket
/// leave in order.
pub fn member(ticket: &Ticket, entry: Uuid, template: &str) -> NewTask {
    let notice = SendNotice {
        entry_id: entry,
        ticket_id: ticket.id,
        template: template.to_owned(),
        person_id: ticket.person.0,
        studio_id: ticket.studio.0,
        values: vec![
            ("ticket_number".to_owned(), ticket.number.clone()),
            ("respond_by".to_owned(), rfc3339(ticket.respond_by)),
        ],
    };
    NewTask::now(SEND_NOTICE, ticket.id, &notice)
}

fn rfc3339(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
