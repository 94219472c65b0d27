use chrono::{Days, NaiveDate};
use platform::{BoxFuture, Error, NewTask, Settled, SystemTx, Task};

use super::{Found, note};
use crate::App;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::day::State;
use crate::domain::reconciliation::difference::{Finding, Subject, Type};
use crate::domain::reconciliation::funds::{self, Group};
use crate::domain::statement::figures;
use crate::reactions::kinds;
use crate::reactions::statement::Wanted;
use crate::store::reconciliation::{days, differences, streams};

/// Once the next day's bills are here too, nothing of a day can still come: what
/// is on one side alone is a difference then, and not before.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let wanted: Wanted = task.payload()?;
        let (book, day) = (wanted.book()?, wanted.day);
        let mut tx = task.begin(app).await?;
        let next = days::lock(&mut tx, book.id, day + Days::new(1)).await?;
        let this = days::lock(&mut tx, book.id, day).await?;
        if next.is_none() || this.is_none_or(|day| day.state != State::Matched) {
            return tx.done(task).await;
        }
        streams::patient(&mut tx).await?;
        let judged = async {
            missing(app, &mut tx, &book, day).await?;
            unmoved(app, &mut tx, &book, day).await
        };
        task.hold_while(app, judged).await?;
        days::judged(&mut tx, book.id, day, app.clock.now()).await?;
        let settle = NewTask::now(kinds::SETTLE, uuid::Uuid::nil(), &());
        tx.task(settle.lane("reconciliation")).await?;
        tx.done(task).await
    })
}

/// Money of ours that no bill tells of.
async fn missing(app: &App, tx: &mut SystemTx, book: &Book, day: NaiveDate) -> Result<(), Error> {
    let (from, before) = (figures::start(day), figures::start(day + Days::new(1)));
    let mut last = String::new();
    loop {
        let page = differences::missing(tx, book, from, before, &last).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last.clone_from(&end.number);
        for ours in page {
            let kind = if ours.refund {
                Type::RefundMissingAtChannel
            } else {
                Type::MissingAtChannel
            };
            let finding = Finding {
                kind,
                key: ours.number,
                line: None,
                ours: Some(Subject {
                    id: ours.subject,
                    studio: ours.studio,
                    legal_entity: ours.legal_entity,
                }),
                ours_minor: Some(ours.amount_minor),
                theirs_minor: None,
            };
            note(app, tx, Found { book, day }, &finding).await?;
        }
    }
}

/// The trade bill against the fund bill.
async fn unmoved(app: &App, tx: &mut SystemTx, book: &Book, day: NaiveDate) -> Result<(), Error> {
    streams::open_by_key(tx, book.id, day).await?;
    let mut stream = streams::Stream::<Group>::default();
    while let Some(groups) = stream.next(tx).await? {
        for finding in groups.iter().flat_map(funds::judge) {
            note(app, tx, Found { book, day }, &finding).await?;
        }
    }
    Ok(())
}
