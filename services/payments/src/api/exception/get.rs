use kernel::{ExceptionId, PersonId, to_proto_time};
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use super::{reader, shown};
use crate::domain::exception::{EntryKind, Exception};
use crate::store::exception::entries::{Entry, TEXT};
use crate::wire::exception::Reader;
use crate::{App, store};

/// A case with its history, its texts opened.
#[tracing::instrument(name = "payments.get_exception", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetExceptionRequest,
) -> Result<pb::GetExceptionResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    // Texts are shown, so who looked is kept; the reach is checked here therefore.
    let mut tx = app.begin_wide(caller, &format!("read exception {id}")).await?;
    let case = store::exception::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("exception"))?;
    caller.require_reach("exception", case.studio_id, Some(case.person_id))?;
    let reader = reader(caller, &case);
    let mut entries = Vec::new();
    for entry in store::exception::entries::of(&mut tx, id).await? {
        if reader == Reader::Staff || is_for_the_member(&entry, &case) {
            entries.push(entry_shown(app, &mut tx, &case, reader, &entry).await?);
        }
    }
    Ok(pb::GetExceptionResponse {
        exception: shown(app, caller, &case),
        entries,
    })
}

/// What they said themselves, what they were told, and when it began and ended.
fn is_for_the_member(entry: &Entry, case: &Exception) -> bool {
    match entry.kind {
        EntryKind::Opened | EntryKind::Answered | EntryKind::Closed | EntryKind::Reopened => true,
        EntryKind::Noticed => entry.author == Some(case.person_id),
        EntryKind::Taken
        | EntryKind::Proposed
        | EntryKind::Decided
        | EntryKind::Declined
        | EntryKind::Overdue
        | EntryKind::Contacted => false,
    }
}

async fn entry_shown(
    app: &App,
    tx: &mut sqlx::PgConnection,
    case: &Exception,
    reader: Reader,
    entry: &Entry,
) -> Result<pb::ExceptionEntry, Error> {
    let own = entry.author == Some(case.person_id);
    let open = reader == Reader::Staff || own || entry.kind == EntryKind::Answered;
    let author = |person: &PersonId| reader == Reader::Staff || *person == case.person_id;
    let text = if open {
        let vault = app.vault();
        vault.open_words(tx, case.person_id, TEXT, &entry.text).await?
    } else {
        String::new()
    };
    Ok(pb::ExceptionEntry {
        kind: pb::ExceptionEntryKind::from(entry.kind).into(),
        author_id: entry
            .author
            .filter(author)
            .map(|person| person.to_string())
            .unwrap_or_default(),
        text,
        at: Some(to_proto_time(entry.at)),
    })
}
