use std::time::Duration;

use kernel::RefundId;
use platform::{BoxFuture, Error, Settled, SystemTx, Task};

use crate::api::redirection::{HOLDER, NUMBER};
use crate::channel::{Elsewhere, PayerAccount, RefundOrder};
use crate::domain::redirection::{Redirection, State, Step, heard, overtaken};
use crate::domain::refund::Refund;
use crate::{App, store};

/// How long after an answer that says nothing the channel is told again.
const PAUSE: Duration = Duration::from_mins(1);
/// What stands there when nobody can read the card any more.
const PAYER_ERASED: &str = "PAYER_ERASED";

/// Tells the channel the card to which a refund that hangs goes on, under the
/// refund's one number, until it says something certain.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let redirection = store::redirection::lock(&mut tx, task.aggregate)
            .await?
            .ok_or_else(|| Error::not_found("redirection"))?;
        if !matches!(redirection.state, State::Confirmed { .. }) {
            return tx.done(task).await;
        }
        let refund = refund_of(&mut tx, redirection.refund_id).await?;
        let at = app.clock.now();
        if let Some(step) = overtaken(&refund, at) {
            return end(tx, task, &redirection, step).await;
        }
        let Some(account) = account(app, &mut tx, &redirection).await? else {
            let why = PAYER_ERASED.to_owned();
            return end(tx, task, &redirection, Step::Refuse { at, why }).await;
        };
        let payment = store::payment::get(&mut tx, refund.payment_id)
            .await?
            .ok_or_else(|| platform::inconsistent("refunds", "a refund without its payment"))?;
        drop(tx);
        let channel = app.channel(&payment.merchant, payment.method)?.as_ref();
        let order: RefundOrder = refund.order(&payment);
        let outcome = channel.send_elsewhere(&order, &Elsewhere::Payer(account)).await;
        let mut tx = task.begin(app).await?;
        match heard(outcome, app.clock.now()) {
            Some(step) => {
                let held = store::redirection::lock(&mut tx, task.aggregate)
                    .await?
                    .ok_or_else(|| Error::not_found("redirection"))?;
                end(tx, task, &held, step).await
            }
            None => tx.again(task, PAUSE).await,
        }
    })
}

async fn end(mut tx: SystemTx, task: &Task, redirection: &Redirection, step: Step) -> Result<Settled, Error> {
    store::redirection::save_state(&mut tx, &redirection.take(step)?).await?;
    tx.done(task).await
}

async fn refund_of(tx: &mut SystemTx, id: RefundId) -> Result<Refund, Error> {
    store::refund::get(tx, id)
        .await?
        .ok_or_else(|| platform::inconsistent("redirections", "a redirection without its refund"))
}

/// The card; nothing when its owner was erased.
async fn account(
    app: &App,
    tx: &mut SystemTx,
    redirection: &Redirection,
) -> Result<Option<PayerAccount>, Error> {
    let (owner, vault) = (redirection.person_id, app.vault());
    let card = store::redirection::card(tx, redirection.id).await?;
    let number = vault.open(tx, owner, NUMBER, &card.number).await?;
    let holder = vault.open(tx, owner, HOLDER, &card.holder).await?;
    Ok(number.zip(holder).map(|(number, holder)| PayerAccount {
        bank: redirection.bank.clone(),
        number,
        holder,
    }))
}
