use platform::import::{RowErrors, Sheet};
use proto::studio::members::v1 as pb;

use crate::domain::Refusal;

/// What an import did or would do.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

/// Reads a file that has these columns.
pub(super) fn open(content: &[u8], columns: &[&str]) -> Result<Sheet, Refusal> {
    let unreadable = |errors: RowErrors| {
        let first = errors.into_iter().next();
        let (column, what) = first
            .map(|error| (error.field, error.description))
            .unwrap_or_default();
        Refusal::FileUnreadable {
            what: format!("{column} {what}").trim().to_owned(),
            column,
        }
    };
    let sheet = Sheet::read(content).map_err(unreadable)?;
    sheet.require(columns).map_err(unreadable)?;
    Ok(sheet)
}

/// The report of a file; with errors nothing was imported.
pub(super) fn report(sheet: &Sheet, counts: &Counts, errors: RowErrors, imported: bool) -> pb::ImportReport {
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let good = errors.is_empty();
    let shown = |n: usize| if good { count(n) } else { 0 };
    let mut errors: Vec<pb::RowError> = errors
        .into_iter()
        .map(|error| pb::RowError {
            line: i32::try_from(error.line).unwrap_or(i32::MAX),
            field: error.field,
            description: error.description,
        })
        .collect();
    errors.sort_by_key(|error| error.line);
    pb::ImportReport {
        rows: count(sheet.len() + sheet.errors().len()),
        created: shown(counts.created),
        updated: shown(counts.updated),
        unchanged: shown(counts.unchanged),
        imported: imported && good,
        errors,
    }
}
