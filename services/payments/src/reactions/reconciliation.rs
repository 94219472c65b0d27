//! Holding theirs against ours, and what follows from a difference.

pub mod apply;
pub mod judge;
pub mod match_day;
pub mod settle;
mod suspend;

use chrono::NaiveDate;
use kernel::AttemptId;
use platform::{Error, SystemTx};

use crate::domain::exception::{Kind, Origin};
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::day::State;
use crate::domain::reconciliation::difference::{Finding, Type};
use crate::store::reconciliation::days;
use crate::{App, exceptions, facts, meters, store};

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
        concern(app, tx, finding).await?;
    }
    Ok(())
}

/// Money of a member's that a bill tells of and our attempt has not is a case.
async fn concern(app: &App, tx: &mut SystemTx, finding: &Finding) -> Result<(), Error> {
    let (Type::PaidUnknownHere, Some(subject)) = (finding.kind, finding.ours) else {
        return Ok(());
    };
    let Some(attempt) = store::attempt::get(tx, AttemptId(subject.id)).await? else {
        return Ok(());
    };
    let kind = Kind::PaidNotCredited;
    exceptions::notice(app, tx, &attempt, kind, Origin::Difference).await
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
