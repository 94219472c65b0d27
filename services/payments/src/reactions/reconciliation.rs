//! Holding theirs against ours, and what follows from a difference.

pub mod apply;
pub mod judge;
pub mod match_day;
pub mod settle;

use chrono::NaiveDate;
use platform::{Error, SystemTx};

use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::day::State;
use crate::domain::reconciliation::difference::Finding;
use crate::store::reconciliation::days;
use crate::{App, facts, meters, store};

/// Where a difference was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    pub book: &'a Book,
    pub day: NaiveDate,
}

/// Keeps a difference, tells of it, and counts it; once, however often it is found.
pub async fn note(app: &App, tx: &mut SystemTx, found: Found<'_>, finding: &Finding) -> Result<(), Error> {
    let Found { book, day } = found;
    let now = app.clock.now();
    let terms = finding.kind.terms();
    let due = app.config.statements.due_at(terms.urgency, now);
    if store::reconciliation::differences::insert(tx, book.id, day, finding, now, due).await? {
        tx.publish(facts::difference_found(book, day, finding, due))
            .await?;
        meters::difference(finding.kind.word());
    }
    Ok(())
}

/// As [`note`], on a day that is held meanwhile, or on the next that is not
/// closed.
pub async fn note_on(
    app: &App,
    tx: &mut SystemTx,
    book: &Book,
    day: NaiveDate,
    finding: &Finding,
) -> Result<(), Error> {
    for day in day.iter_days() {
        days::insert(tx, book.id, day, app.clock.now()).await?;
        let kept = days::lock(tx, book.id, day).await?;
        if kept.is_some_and(|day| day.state != State::Closed) {
            return note(app, tx, Found { book, day }, finding).await;
        }
    }
    Ok(())
}
