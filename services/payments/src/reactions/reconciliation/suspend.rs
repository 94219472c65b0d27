//! Money that no due explains is kept apart until two persons say what
//! it is.

use kernel::{Amount, IntentId};
use platform::{Error, SystemTx};

use crate::channel::ChannelNumber;
use crate::config::Bank;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::difference::{Finding, Type};
use crate::domain::reconciliation::settlement::Leg;
use crate::domain::reconciliation::trades::Group;
use crate::domain::suspense::{Item, Place, State, Step};
use crate::domain::transfer::Reference;
use crate::store::reconciliation::settlements::{self, Unexplained};
use crate::{App, facts, store};

/// Lines in which a reference of ours stands: before payouts are looked for, since
/// an amount alone might pair one with a payout.
pub async fn transfers(app: &App, tx: &mut SystemTx, book: &Book, bank: &Bank) -> Result<(), Error> {
    for line in settlements::referenced(tx, book.id).await? {
        let Some(reference) = Reference::find(&line.number) else {
            continue;
        };
        let Some((intent, entity)) = store::transfer::intent_of(tx, reference).await? else {
            continue;
        };
        if let Some(amount) = Amount::from_minor(line.amount_minor)
            && entity == bank.legal_entity_id
        {
            suspend(app, tx, (book, bank), (line, amount), Some(intent)).await?;
        }
    }
    Ok(())
}

/// Keeps what came in a line of a bank.
pub async fn suspend(
    app: &App,
    tx: &mut SystemTx,
    (book, bank): (&Book, &Bank),
    (line, amount): (Unexplained, Amount),
    suggested: Option<IntentId>,
) -> Result<(), Error> {
    let place = Place {
        party: book.party,
        legal_entity: bank.legal_entity_id,
        account: book.account.clone(),
        statement: line.statement,
        line: line.line,
        transaction: line.transaction,
        number: String::new(),
        received_at: line.at,
    };
    keep(app, tx, (place, amount), suggested).await
}

async fn keep(
    app: &App,
    tx: &mut SystemTx,
    (place, amount): (Place, Amount),
    suggested: Option<IntentId>,
) -> Result<(), Error> {
    let now = app.clock.now();
    let item = Item::of_line(place, amount, suggested, now, app.config.suspense.due_at(now));
    if store::suspense::insert(tx, &item).await? {
        tx.publish(facts::suspense_found(&item)).await?;
    }
    Ok(())
}

/// Keeps what was paid by a static code on a counter: a payment under a number that
/// cannot be ours, at an account for which one company alone has such codes.
/// False when it is something else.
pub async fn by_code(
    app: &App,
    tx: &mut SystemTx,
    book: &Book,
    group: &Group,
    finding: &Finding,
) -> Result<bool, Error> {
    let [paid] = group.traded.as_slice() else {
        return Ok(false);
    };
    if finding.kind != Type::PaidMissingHere || ChannelNumber::could_be_ours(&group.number) {
        return Ok(false);
    }
    let standing = store::counter_code::entities(tx, book.party.word()).await?;
    let mut here = standing.into_iter().filter(|entity| {
        let merchant = app.merchants.of_entity(*entity);
        merchant.is_some_and(|merchant| merchant.name == book.account)
    });
    let (Some(legal_entity), None, Some(amount)) =
        (here.next(), here.next(), Amount::from_minor(paid.amount_minor))
    else {
        return Ok(false);
    };
    let place = Place {
        party: book.party,
        legal_entity,
        account: book.account.clone(),
        statement: paid.statement,
        line: i32::try_from(paid.line).unwrap_or(i32::MAX),
        transaction: paid.transaction.clone(),
        number: group.number.clone(),
        received_at: paid.at,
    };
    keep(app, tx, (place, amount), None).await?;
    Ok(true)
}

/// A payout turned out to be this line. False when a person has begun to say that
/// it is something else.
pub async fn explained(app: &App, tx: &mut SystemTx, arrival: &Leg) -> Result<bool, Error> {
    let line = i32::try_from(arrival.line).unwrap_or(i32::MAX);
    let Some(item) = store::suspense::lock_line(tx, arrival.statement, line).await? else {
        return Ok(true);
    };
    if item.state != State::Open || item.suggested.is_some() {
        return Ok(false);
    }
    let at = app.clock.now();
    let ended = item.take(Step::Prove { at })?;
    store::suspense::save(tx, &ended).await?;
    tx.publish(facts::suspense_ended(&ended)).await?;
    Ok(true)
}
