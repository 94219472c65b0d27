use chrono::{Days, NaiveDate};
use platform::{BoxFuture, Error, NewTask, Settled, SystemTx, Task};
use uuid::Uuid;

use super::apply::Proof;
use super::{Found, note, suspend};
use crate::channel::Identity;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::difference::{Finding, Type};
use crate::domain::reconciliation::trades::{Group, Terms, Verdict, judge};
use crate::domain::statement::Kind;
use crate::reactions::kinds;
use crate::reactions::statement::{Wanted, follow_up};
use crate::store::reconciliation::{days, differences, streams};
use crate::{App, store};

/// Holds a day's trade bill against ours, number by number, in one transaction.
/// Waits for nothing: whichever of the two bills comes last leaves this task.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let wanted: Wanted = task.payload()?;
        let (book, day) = (wanted.book()?, wanted.day);
        let mut tx = task.begin(app).await?;
        let trades = store::statement::taken(&mut tx, &book, Kind::Trades, day).await?;
        let funds = store::statement::taken(&mut tx, &book, Kind::Funds, day).await?;
        let (Some(trades), Some(funds)) = (trades, funds) else {
            return tx.done(task).await;
        };
        if days::insert(&mut tx, book.id, day, app.clock.now()).await? {
            let matching = Matching {
                app,
                book: &book,
                day,
                identity: identity(app, &book)?,
            };
            let compared = async {
                matching.trades(&mut tx, trades).await?;
                matching.odd_funds(&mut tx, funds).await
            };
            task.hold_while(app, compared).await?;
        }
        for day in [day - Days::new(1), day] {
            tx.task(follow_up(kinds::JUDGE_DAY, &book, day)).await?;
        }
        tx.done(task).await
    })
}

fn identity<'a>(app: &'a App, book: &Book) -> Result<&'a Identity, Error> {
    let merchant = app.merchants.by_name(&book.account);
    let channel = merchant.and_then(|m| m.channel_called(book.party.word()));
    let missing = || Error::Internal(format!("the account {} is no longer configured", book.account));
    Ok(channel.ok_or_else(missing)?.identity())
}

struct Matching<'a> {
    app: &'a App,
    book: &'a Book,
    day: NaiveDate,
    identity: &'a Identity,
}

impl Matching<'_> {
    async fn trades(&self, tx: &mut SystemTx, statement: Uuid) -> Result<(), Error> {
        let terms = Terms {
            account: self.book.account.clone(),
            merchant: self.identity.merchant.clone(),
            rate: self.app.config.statements.rate(self.book),
        };
        let mut totals = days::Totals::default();
        streams::open_by_number(tx, statement, self.book.id).await?;
        let mut stream = streams::Stream::<Group>::default();
        while let Some(groups) = stream.next(tx, self.book.party.word()).await? {
            for group in &groups {
                let verdict = judge(group, &terms);
                count(&mut totals, group, &verdict);
                self.follow(tx, group, verdict).await?;
            }
        }
        days::keep_totals(tx, self.book.id, self.day, &totals).await
    }

    async fn follow(&self, tx: &mut SystemTx, group: &Group, verdict: Verdict) -> Result<(), Error> {
        let found = Found {
            book: self.book,
            day: self.day,
        };
        for finding in &verdict.findings {
            if !suspend::by_code(self.app, tx, self.book, group, finding).await? {
                note(self.app, tx, found, finding).await?;
            }
        }
        if let (Some(line), Some(ours)) = (verdict.proof, &group.ours) {
            let proof = Proof::of(self.book, self.identity, group, &line);
            tx.task(NewTask::now(kinds::APPLY_BILL, ours.subject.id, &proof))
                .await?;
        }
        Ok(())
    }

    /// What of the fund bill is in no comparison: unknown businesses, and lines
    /// that stand twice.
    async fn odd_funds(&self, tx: &mut SystemTx, statement: Uuid) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let odd = differences::odd_funds(tx, statement, last).await?;
            let Some(end) = odd.last() else { return Ok(()) };
            last = end.line;
            for line in odd {
                let kind = if line.twice {
                    Type::DuplicateLine
                } else {
                    Type::UnknownBusiness
                };
                let finding = Finding {
                    kind,
                    key: format!("{} {statement} {}", line.transaction, line.line),
                    line: Some((statement, u32::try_from(line.line).unwrap_or_default())),
                    ours: None,
                    ours_minor: None,
                    theirs_minor: Some(line.amount_minor),
                };
                note(
                    self.app,
                    tx,
                    Found {
                        book: self.book,
                        day: self.day,
                    },
                    &finding,
                )
                .await?;
            }
        }
    }
}

fn count(totals: &mut days::Totals, group: &Group, verdict: &Verdict) {
    let whose = group.ours.as_ref().map(|ours| ours.subject);
    let agreed = verdict.findings.is_empty();
    for line in group.traded.iter().filter(|line| !line.earlier) {
        totals.add(whose, line.deed, line.amount_minor, line.fee_thousandths, agreed);
    }
}
