use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use proto::studio::members::v1 as members;
use proto::studio::members::v1::{ImportMembersRequest, ImportOrganisationRequest, ImportStaffRequest};
use proto::studio::orders::v1 as orders;
use proto::studio::orders::v1::ImportCatalogueRequest;
use serde_json::json;

use super::{Desk, held};
use crate::cli::ImportKind;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::table;

/// What an import did, alike for all kinds.
struct Report {
    applied: bool,
    rows: i32,
    created: i32,
    changed: i32,
    unchanged: i32,
    errors: Vec<(i32, String, String)>,
}

/// Takes a file in and prints every bad row.
pub async fn run(desk: &Desk, what: ImportKind, file: &Path, trial: bool) -> Result<(), Failure> {
    let content = std::fs::read(file).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
    let house = desk.enter_as("operator-admin").await?;
    let progress = ProgressBar::new_spinner().with_message(format!("{} is being read", file.display()));
    progress.enable_steady_tick(Duration::from_millis(120));
    let report = send(&house, what, content, trial).await;
    progress.finish_and_clear();
    let report = report?;
    show(desk, &report);
    if report.errors.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} fields of {} cannot be used; nothing was taken in",
        report.errors.len(),
        file.display()
    ))
    .hint("correct the file and import it again; --trial only checks"))
}

/// The contracts of all kinds have the same three fields.
macro_rules! file {
    ($request:ident, $content:ident, $trial:ident) => {
        $request {
            request_id: request_id(),
            content: $content,
            trial_run: $trial,
        }
    };
}

async fn send(house: &House, what: ImportKind, content: Vec<u8>, trial: bool) -> Result<Report, Failure> {
    let report = match what {
        ImportKind::Organisation => {
            house
                .ask(file!(ImportOrganisationRequest, content, trial))
                .await?
                .report
        }
        ImportKind::Staff => house.ask(file!(ImportStaffRequest, content, trial)).await?.report,
        ImportKind::Members => {
            house
                .ask(file!(ImportMembersRequest, content, trial))
                .await?
                .report
        }
        ImportKind::Catalogue => {
            let taken = house.ask(file!(ImportCatalogueRequest, content, trial)).await?;
            return Ok(taken.into());
        }
    };
    held(report, "report").map(Report::from)
}

impl From<members::ImportReport> for Report {
    fn from(report: members::ImportReport) -> Self {
        Self {
            applied: report.imported,
            rows: report.rows,
            created: report.created,
            changed: report.updated,
            unchanged: report.unchanged,
            errors: report
                .errors
                .into_iter()
                .map(|e| (e.line, e.field, e.description))
                .collect(),
        }
    }
}

impl From<orders::ImportCatalogueResponse> for Report {
    fn from(report: orders::ImportCatalogueResponse) -> Self {
        Self {
            applied: report.applied,
            rows: report.rows,
            created: report.created,
            changed: report.changed,
            unchanged: report.unchanged,
            errors: report
                .errors
                .into_iter()
                .map(|e| (e.line, e.field, e.description))
                .collect(),
        }
    }
}

fn show(desk: &Desk, report: &Report) {
    let errors: Vec<_> = report
        .errors
        .iter()
        .map(|(line, field, text)| json!({ "line": line, "field": field, "description": text }))
        .collect();
    let value = json!({
        "applied": report.applied, "rows": report.rows, "created": report.created,
        "changed": report.changed, "unchanged": report.unchanged, "errors": errors,
    });
    desk.output.value(&value, || {
        let mut bad = table(["line", "field", "what is wanted"]);
        for (line, field, text) in &report.errors {
            bad.add_row([line.to_string(), field.clone(), text.clone()]);
        }
        let counts = format!(
            "{} rows: {} new, {} changed, {} as they were{}",
            report.rows,
            report.created,
            report.changed,
            report.unchanged,
            if report.applied {
                ""
            } else {
                "; nothing was taken in"
            }
        );
        if report.errors.is_empty() {
            counts
        } else {
            format!("{bad}\n{counts}")
        }
    });
}
