//! Calls about orders.

pub mod accept_quote;
pub mod add_contact_log;
pub mod amend_application;
pub mod apply;
pub mod approve;
pub mod cancel;
pub mod confirm_application;
pub mod decline_quote;
pub mod get_needs;
pub mod get_order;
pub mod get_process_figures;
pub mod list_contact_logs;
pub mod list_orders;
pub mod list_quotes;
pub mod list_steps;
pub mod pass_first_review;
pub mod provide_information;
pub mod record_refund;
pub mod reject;
pub mod request_information;
pub mod sale;
pub mod send_back;
pub mod show;
pub mod start_payment;
pub mod submit_for_approval;
pub mod track_order;

use kernel::OrderId;
use platform::vault::Sealed;
use platform::{Caller, Error, ReadTx, WriteTx};

use crate::domain::order::{Change, Decided, Order, Quote};
use crate::reactions::overdue;
use crate::{App, facts, reactions, store};

/// For what the vault seals the applicant's words.
const NEEDS: &str = "orders.needs";
/// For what the vault seals what people write when they take a step.
const WORDS: &str = "order_steps.words";
/// For what the vault seals the words of a contact.
const CONTACT: &str = "contact_logs.text";

/// Reads an order that the caller reaches; row level security says which.
async fn read(app: &App, caller: &Caller, order_id: &str) -> Result<(ReadTx, Order), Error> {
    let id = OrderId::parse("order_id", order_id)?;
    let mut tx = app.begin(caller).await?;
    let order = store::order::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("order"))?;
    Ok((tx, order))
}

/// Holds an order that the caller reaches until the transaction ends.
async fn lock(tx: &mut WriteTx, order_id: &str) -> Result<Order, Error> {
    let id = OrderId::parse("order_id", order_id)?;
    store::order::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("order"))
}

/// Seals what somebody wrote at a step, as the applicant's.
async fn seal(app: &App, tx: &mut WriteTx, order: &Order, words: &str) -> Result<Sealed, Error> {
    app.vault().seal_words(tx, order.person, WORDS, words).await
}

/// What was written at a step; empty when nothing was, or is kept any more.
async fn open(app: &App, tx: &mut ReadTx, order: &Order, words: &Sealed) -> Result<String, Error> {
    app.vault().open_words(tx, order.person, WORDS, words).await
}

/// Writes a change with its steps and publishes what follows from them.
async fn record(
    tx: &mut WriteTx,
    caller: &Caller,
    change: &Change,
    quote: Option<&Quote>,
) -> Result<(), Error> {
    store::order::save(tx, change, &caller.into()).await?;
    follow(tx, change, quote).await
}

/// Publishes what follows from a change and watches whether somebody goes on.
async fn follow(tx: &mut WriteTx, change: &Change, quote: Option<&Quote>) -> Result<(), Error> {
    if let Some(alarm) = overdue::watch(change) {
        tx.task(alarm).await?;
    }
    for fact in facts::of(change, quote) {
        tx.publish(fact).await?;
    }
    Ok(())
}

/// Writes what was decided about an order's payment, and leaves what follows.
async fn carry_out(tx: &mut WriteTx, caller: &Caller, decided: &Decided) -> Result<(), Error> {
    store::order::keep(tx, decided, &caller.into()).await?;
    for task in reactions::tasks_of(decided) {
        tx.task(task).await?;
    }
    for fact in facts::of_decided(decided) {
        tx.publish(fact).await?;
    }
    Ok(())
}
