use kernel::{Amount, DueId, JournalId, PaymentId};
use platform::{Error, SystemTx, inconsistent};
use proto::studio::payments::v1::PaymentCaptured;
use uuid::Uuid;

use crate::domain::Refusal;
use crate::domain::journal::{self, Cause, Origin};
use crate::{App, facts, store};

/// A captured payment makes a recharge *received*: the record is made and held
/// beside the application here, and finance posts it.
pub async fn react(app: &App, tx: &mut SystemTx, event: Uuid, fact: &PaymentCaptured) -> Result<(), Error> {
    let payment = PaymentId::parse("payment_id", &fact.payment_id)?;
    let due = DueId::parse("due_id", &fact.due_id)?;
    let amount = Amount::parse("amount", fact.amount.as_ref())?;
    let unknown = || inconsistent("recharges", format!("a payment came for the unknown due {due}"));

    let id = store::recharges::by_due(tx, due).await?.ok_or_else(unknown)?;
    let recharge = store::recharges::lock(tx, id).await?.ok_or_else(unknown)?;
    let at = app.clock.now();
    let recharge = recharge.receive(
        payment,
        fact.channel_transaction.clone(),
        amount,
        at,
        app.limits.large,
    )?;
    let received = recharge.state.received().ok_or(Refusal::OutOfBounds)?;

    let origin = Origin {
        journal: JournalId::derived(recharge.id, "received"),
        cause: Cause::RechargeReceived,
        cause_id: recharge.id.0,
        wallet: recharge.wallet,
        person: recharge.person,
        studio: recharge.studio,
        order: None,
        acting: None,
        caller: "service:payments".to_owned(),
        request: event,
        at,
    };
    store::recharges::save(tx, &recharge).await?;
    let legs = journal::received(recharge.legal_entity, amount);
    store::journal::record(tx, &origin, &legs).await?;
    tx.publish(facts::received(&recharge, received)).await
}
