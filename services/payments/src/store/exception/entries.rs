//! The table `exception_entries`.

use kernel::{ExceptionId, PersonId, Timestamp, fresh_uuid};
use platform::Error;
use platform::vault::Sealed;
use sqlx::PgConnection;

use crate::domain::exception::{EntryKind, Exception};
use crate::store::word;

/// For what the texts are sealed: they open as nothing else.
pub const TEXT: &str = "exception_entries.text";

/// A step in a case's history.
pub struct Entry {
    pub kind: EntryKind,
    pub author: Option<PersonId>,
    pub text: Sealed,
    pub at: Timestamp,
}

/// Adds an entry behind the others. The case's row is held, so positions do not collide.
pub async fn add(tx: &mut PgConnection, case: &Exception, entry: &Entry) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into exception_entries (entry_id, exception_id, position, person_id, studio_id, kind, author_id, text, at)
        select $1, $2, coalesce(max(position), 0) + 1, $3, $4, $5, $6, $7, $8
        from exception_entries
        where exception_id = $2
        "#,
        fresh_uuid(),
        case.id as _,
        case.person_id as _,
        case.studio_id as _,
        entry.kind.word(),
        entry.author as _,
        entry.text.bytes,
        entry.at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Every entry of a case, the oldest first.
pub async fn of(tx: &mut PgConnection, case: ExceptionId) -> Result<Vec<Entry>, Error> {
    let rows = sqlx::query!(
        r#"
        select kind, author_id as "author_id: PersonId", text, at
        from exception_entries
        where exception_id = $1
        order by position
        "#,
        case as _,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Entry {
                kind: word("exception_entries", "kind", EntryKind::from_word(&row.kind))?,
                author: row.author_id,
                text: Sealed::from(row.text),
                at: row.at,
            })
        })
        .collect()
}
