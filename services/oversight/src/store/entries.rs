use kernel::{PersonId, TicketId, Timestamp};
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::ticket::Ticket;
use crate::domain::topic::EntryKind;

/// For what the texts are sealed: they open as nothing else.
pub const TEXT: &str = "ticket_entries.text";

/// One step in a ticket's history, its text sealed.
pub struct Entry {
    pub id: Uuid,
    pub kind: EntryKind,
    pub author: Option<PersonId>,
    pub text: Option<Sealed>,
    pub at: Timestamp,
}

/// Adds an entry behind the others. The ticket's row is held, so positions do not collide.
pub async fn add(tx: &mut PgConnection, ticket: &Ticket, entry: &Entry) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into ticket_entries (entry_id, ticket_id, position, person_id, studio_id, kind, author_id, text, at)
        select $1, $2, coalesce(max(position), 0) + 1, $3, $4, $5, $6, $7, $8
        from ticket_entries
        where ticket_id = $2
        "#,
        entry.id,
        ticket.id as _,
        ticket.person as _,
        ticket.studio as _,
        entry.kind.as_str(),
        entry.author as _,
        entry.text.as_ref().map(|sealed| sealed.bytes.as_slice()),
        entry.at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Every entry of a ticket, the oldest first.
pub async fn of(tx: &mut PgConnection, ticket: TicketId) -> Result<Vec<Entry>, Error> {
    let rows = sqlx::query!(
        r#"
        select entry_id, kind, author_id as "author_id: PersonId", text, at
        from ticket_entries
        where ticket_id = $1
        order by position
        "#,
        ticket as _,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Entry {
                id: r.entry_id,
                kind: EntryKind::parse(&r.kind).ok_or_else(|| inconsistent("ticket_entries", "kind"))?,
                author: r.author_id,
                text: r.text.map(Sealed::from),
                at: r.at,
            })
        })
        .collect()
}
