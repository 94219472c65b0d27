use kernel::{TicketId, to_proto_time};
use platform::{Caller, Error};
use proto::studio::oversight::v1 as pb;

use super::shown;
use crate::domain::ticket::Ticket;
use crate::store::entries::{Entry, TEXT};
use crate::{App, store};

/// A ticket with its history, its texts opened.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetTicketRequest,
) -> Result<pb::GetTicketResponse, Error> {
    let id = TicketId::parse("ticket_id", &request.ticket_id)?;

    // Texts are shown, so who looked is kept; the reach is checked here therefore.
    let mut tx = app.begin_wide(caller, &format!("read ticket {id}")).await?;
    let ticket = store::tickets::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("ticket"))?;
    caller.require_reach("ticket", ticket.studio, Some(ticket.person))?;
    let mut entries = Vec::new();
    for entry in store::entries::of(&mut tx, id).await? {
        entries.push(shown_entry(app, &mut tx, &ticket, entry).await?);
    }
    Ok(pb::GetTicketResponse {
        ticket: Some(shown::ticket(&ticket)),
        entries,
    })
}

async fn shown_entry(
    app: &App,
    tx: &mut sqlx::PgConnection,
    ticket: &Ticket,
    entry: Entry,
) -> Result<pb::Entry, Error> {
    let text = match &entry.text {
        Some(sealed) => app
            .vault()
            .open(tx, ticket.person, TEXT, sealed)
            .await?
            .unwrap_or_default(),
        None => String::new(),
    };
    Ok(pb::Entry {
        kind: shown::entry_kind(entry.kind).into(),
        author_person_id: entry.author.map(|p| p.to_string()).unwrap_or_default(),
        text,
        at: Some(to_proto_time(entry.at)),
    })
}
