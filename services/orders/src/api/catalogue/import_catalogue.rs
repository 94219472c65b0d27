use kernel::{BadField, NodeId, PersonId, ProductId, Timestamp};
use platform::import::{RowErrors, Sheet};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::orders::v1 as pb;

use crate::domain::Refusal;
use crate::domain::catalogue::{self, COLUMNS, Row, Version};
use crate::{App, facts, store};

/// Takes products in from a CSV file: all of it or nothing.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ImportCatalogueRequest,
) -> Result<pb::ImportCatalogueResponse, Error> {
    let by = caller.require_person()?;
    let sheet = Sheet::read(&request.content).and_then(|sheet| sheet.require(&COLUMNS).map(|()| sheet));
    let sheet = sheet.map_err(|errors| unreadable(&errors))?;
    let (rows, errors) = catalogue::read(&sheet, |text| node(app, text));

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    store::catalogue::lock_imports(&mut tx).await?;
    let known = store::catalogue::versions(&mut tx, &ids(&rows)).await?;
    let plan = plan(rows, errors, &known, by, app.clock.now());
    let applied = plan.errors.is_empty() && !request.trial_run;
    if applied {
        write(&mut tx, &plan.versions).await?;
    }
    let read = i32::try_from(sheet.len()).unwrap_or(i32::MAX);
    tx.commit(plan.reply(applied, read)).await
}

/// What an import would do.
struct Plan {
    versions: Vec<Version>,
    created: i32,
    unchanged: i32,
    errors: RowErrors,
}

fn ids(rows: &[Row]) -> Vec<ProductId> {
    rows.iter().map(|row| row.terms.product).collect()
}

/// Compares every row with its product's latest version.
fn plan(rows: Vec<Row>, errors: RowErrors, known: &[Version], by: PersonId, now: Timestamp) -> Plan {
    let mut plan = Plan {
        versions: Vec::new(),
        created: 0,
        unchanged: 0,
        errors,
    };
    for row in rows {
        let latest = known
            .iter()
            .filter(|v| v.terms.product == row.terms.product)
            .max_by_key(|v| v.number);
        if latest.is_some_and(|v| says_the_same(v, &row)) {
            plan.unchanged += 1;
            continue;
        }
        if latest.is_some() && row.effective_from.is_some_and(|from| from < now) {
            let wanted = "must not be in the past, for the product is sold already";
            plan.errors.add(row.line, BadField::new("effective_from", wanted));
            continue;
        }
        plan.created += i32::from(latest.is_none());
        plan.versions.push(Version {
            number: latest.map_or(1, |v| v.number + 1),
            terms: row.terms,
            effective_from: row.effective_from.unwrap_or(now),
            sold_at: row.sold_at,
            created_at: now,
            created_by: by,
        });
    }
    plan
}

/// A row without a date says when nothing changes of what is sold.
fn says_the_same(version: &Version, row: &Row) -> bool {
    version.terms == row.terms
        && version.sold_at == row.sold_at
        && row
            .effective_from
            .is_none_or(|from| from == version.effective_from)
}

async fn write(tx: &mut WriteTx, versions: &[Version]) -> Result<(), Error> {
    for version in versions {
        store::catalogue::add_version(tx, version).await?;
        tx.publish(facts::version_published(version)).await?;
    }
    Ok(())
}

impl Plan {
    fn reply(self, applied: bool, rows: i32) -> pb::ImportCatalogueResponse {
        let versions = i32::try_from(self.versions.len()).unwrap_or(i32::MAX);
        let errors = self.errors.into_iter().map(|e| pb::CatalogueError {
            line: i32::try_from(e.line).unwrap_or(i32::MAX),
            field: e.field,
            description: e.description,
        });
        pb::ImportCatalogueResponse {
            applied,
            rows,
            created: self.created,
            changed: versions - self.created,
            unchanged: self.unchanged,
            errors: errors.collect(),
        }
    }
}

fn node(app: &App, text: &str) -> Option<NodeId> {
    let by_id = text.parse().ok().and_then(|id| app.organisation().node(id));
    by_id
        .or_else(|| app.organisation().by_code(text))
        .map(|node| node.id)
}

fn unreadable(errors: &RowErrors) -> Refusal {
    let first: Vec<String> = errors
        .iter()
        .take(12)
        .map(|e| format!("line {} {} {}", e.line, e.field, e.description))
        .collect();
    Refusal::UnreadableFile(first.join("; "))
}
