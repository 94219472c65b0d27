use chrono::{Days, NaiveDate};
use kernel::Amount;
use platform::{BoxFuture, Error, Settled, SystemTx, Task};
use uuid::Uuid;

use super::apply::repaired;
use super::{note_on, suspend};
use crate::config::Bank;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::difference::{Finding, Type};
use crate::domain::reconciliation::settlement::{Leg, pair};
use crate::domain::statement::Party;
use crate::store::reconciliation::{days, settlements};
use crate::{App, facts};

/// Holds payouts of channels against the lines of bank accounts: what arrived,
/// what is short, what is late, and what nobody sent.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        for (name, bank) in &app.config.banks {
            let book = Book::of(Party::Bank, name);
            let mut tx = task.begin(app).await?;
            let books: Vec<Uuid> = app
                .merchants
                .books()
                .filter(|book| bank.settles.contains(&book.account))
                .map(|book| book.id)
                .collect();
            if let Some(covered) = settlements::covered(&mut tx, book.id).await? {
                suspend::transfers(app, &mut tx, &book, bank).await?;
                settle(app, &mut tx, (&book, bank), &books, covered).await?;
            }
            tx.keep(task).await?;
        }
        task.begin(app).await?.done(task).await
    })
}

async fn settle(
    app: &App,
    tx: &mut SystemTx,
    (bank, terms): (&Book, &Bank),
    books: &[Uuid],
    covered: NaiveDate,
) -> Result<(), Error> {
    let within = app.config.statements.settle_within();
    let payouts = settlements::payouts(tx, books).await?;
    let arrivals = settlements::arrivals(tx, bank.id).await?;
    let pairs = pair(&payouts, &arrivals, within);
    for pair in &pairs {
        arrived(app, tx, bank, &payouts[pair.payout], &arrivals[pair.arrival]).await?;
    }
    let paired = |at: usize| pairs.iter().any(|pair| pair.payout == at);
    for (_, payout) in payouts.iter().enumerate().filter(|(at, _)| !paired(*at)) {
        let expected = payout.day + within;
        if expected < covered {
            let finding = about(Type::SettlementMissing, payout, Some(payout.minor), None);
            note_on(app, tx, bank, expected, &finding).await?;
        }
    }
    judge_bank(app, tx, (bank, terms), books, covered).await
}

/// A payout arrived: told to whoever keeps custody, and held against its amount.
async fn arrived(
    app: &App,
    tx: &mut SystemTx,
    bank: &Book,
    payout: &Leg,
    arrival: &Leg,
) -> Result<(), Error> {
    if !suspend::explained(app, tx, arrival).await? {
        return Ok(());
    }
    let id = kernel::derived_uuid(payout.statement, &format!("settlement {}", payout.line));
    if !settlements::insert(tx, id, payout, arrival, app.clock.now()).await? {
        return Ok(());
    }
    tx.publish(facts::settlement_seen(app, id, bank, payout, arrival))
        .await?;
    // what was told while the two had not found each other is explained now
    let late = Type::SettlementMissing.id(bank.id, &key(payout));
    let strange = arrival
        .numbers
        .iter()
        .map(|number| Type::BankUnexplained.id(bank.id, number));
    for id in strange.chain([late]) {
        repaired(tx, id, app.clock.now()).await?;
    }
    let kind = match arrival.minor.cmp(&payout.minor) {
        std::cmp::Ordering::Less => Type::SettlementShort,
        std::cmp::Ordering::Greater => Type::SettlementOver,
        std::cmp::Ordering::Equal => return Ok(()),
    };
    let finding = about(kind, arrival, Some(payout.minor), Some(arrival.minor));
    note_on(app, tx, bank, arrival.day, &finding).await
}

/// Lines that nobody explains, of days whose payouts are all known: what came in
/// stands in suspense, what went out is a difference. Those days are judged with it.
async fn judge_bank(
    app: &App,
    tx: &mut SystemTx,
    (bank, terms): (&Book, &Bank),
    books: &[Uuid],
    covered: NaiveDate,
) -> Result<(), Error> {
    let mut until = covered - Days::new(1);
    if !books.is_empty() {
        match days::matched_through(tx, books).await? {
            Some(day) => until = until.min(day),
            None => return Ok(()),
        }
    }
    loop {
        let page = settlements::unexplained(tx, bank.id, until).await?;
        if page.is_empty() {
            break;
        }
        for line in page {
            if let Some(came) = Amount::from_minor(line.amount_minor) {
                suspend::suspend(app, tx, (bank, terms), (line, came), None).await?;
                continue;
            }
            let finding = Finding {
                kind: Type::BankUnexplained,
                key: line.transaction,
                line: Some((line.statement, u32::try_from(line.line).unwrap_or_default())),
                ours: None,
                ours_minor: None,
                theirs_minor: Some(line.amount_minor),
            };
            note_on(app, tx, bank, line.day, &finding).await?;
        }
    }
    for day in settlements::days_to_judge(tx, bank.id, until).await? {
        days::judged(tx, bank.id, day, app.clock.now()).await?;
    }
    Ok(())
}

fn about(kind: Type, leg: &Leg, ours_minor: Option<i64>, theirs_minor: Option<i64>) -> Finding {
    Finding {
        kind,
        key: key(leg),
        line: Some((leg.statement, leg.line)),
        ours: None,
        ours_minor,
        theirs_minor,
    }
}

fn key(leg: &Leg) -> String {
    format!("{} {}", leg.statement, leg.line)
}
