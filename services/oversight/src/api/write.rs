//! How every step of a ticket is written down: the row, the sealed entry, and
//! the notice to the member.

use kernel::{PersonId, fresh_uuid};
use platform::{Error, WriteTx};
use uuid::Uuid;

use crate::domain::ticket::Ticket;
use crate::domain::topic::EntryKind;
use crate::store::entries::{Entry, TEXT};
use crate::{App, store, tell};

/// Adds an entry to the ticket's history. An empty text is none.
pub async fn entry(
    app: &App,
    tx: &mut WriteTx,
    ticket: &Ticket,
    kind: EntryKind,
    (author, text): (Option<PersonId>, &str),
) -> Result<Uuid, Error> {
    let sealed = match text {
        "" => None,
        text => Some(app.vault().seal(tx, ticket.person, TEXT, text).await?),
    };
    let entry = Entry {
        id: fresh_uuid(),
        kind,
        author,
        text: sealed,
        at: app.clock.now(),
    };
    store::entries::add(tx, ticket, &entry).await?;
    Ok(entry.id)
}

/// Keeps a step: the ticket as it is now, what was said, and the notice of it.
pub async fn step(
    app: &App,
    tx: &mut WriteTx,
    ticket: &Ticket,
    (kind, author, text): (EntryKind, PersonId, &str),
    template: &str,
) -> Result<(), Error> {
    store::tickets::save(tx, ticket).await?;
    let entry = entry(app, tx, ticket, kind, (Some(author), text)).await?;
    tx.task(tell::member(ticket, entry, template)).await
}
