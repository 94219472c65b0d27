//! The end of a rejected recharge's way back, told by payments' answer or by
//! its fact, whichever comes first.

use kernel::JournalId;
use platform::{Error, SystemTx};
use proto::studio::payments::v1::{RefundBounced, RefundSucceeded};
use uuid::Uuid;

use crate::domain::Recharge;
use crate::domain::journal::{self, Cause, Origin};
use crate::domain::recharge::{Return, State, WayBack};
use crate::{App, facts, store};

pub async fn succeeded(
    app: &App,
    tx: &mut SystemTx,
    event: Uuid,
    fact: &RefundSucceeded,
) -> Result<(), Error> {
    settle(app, tx, leg(&fact.leg_id)?, event, WayBack::Returned).await
}

pub async fn bounced(app: &App, tx: &mut SystemTx, event: Uuid, fact: &RefundBounced) -> Result<(), Error> {
    settle(
        app,
        tx,
        leg(&fact.leg_id)?,
        event,
        WayBack::Stuck(fact.why.clone()),
    )
    .await
}

fn leg(text: &str) -> Result<Uuid, Error> {
    Ok(kernel::RefundLegId::parse("leg_id", text)?.0)
}

/// Ends the try with this leg. Legs of refund cases are none of ours, and an
/// end that was told before changes nothing.
pub async fn settle(
    app: &App,
    tx: &mut SystemTx,
    leg: Uuid,
    request: Uuid,
    outcome: WayBack,
) -> Result<(), Error> {
    let Some(id) = store::recharges::by_return_leg(tx, leg).await? else {
        return Ok(());
    };
    let Some(recharge) = store::recharges::lock(tx, id).await? else {
        return Ok(());
    };
    let Some(recharge) = recharge.way_back_ended(leg, outcome)? else {
        return Ok(());
    };
    match &recharge.state {
        State::ReturnStuck { sent, why } => {
            store::recharges::save(tx, &recharge).await?;
            tx.publish(facts::return_stuck(&recharge, sent.received.amount, why))
                .await
        }
        State::Returned(sent) => returned(app, tx, &recharge, sent, request).await,
        _ => Ok(()),
    }
}

async fn returned(
    app: &App,
    tx: &mut SystemTx,
    recharge: &Recharge,
    sent: &Return,
    request: Uuid,
) -> Result<(), Error> {
    let amount = sent.received.amount;
    let origin = Origin {
        journal: JournalId::derived(recharge.id, "returned"),
        cause: Cause::RechargeReturned,
        cause_id: recharge.id.0,
        wallet: recharge.wallet,
        person: recharge.person,
        studio: recharge.studio,
        order: None,
        acting: None,
        caller: "service:payments".to_owned(),
        request,
        at: app.clock.now(),
    };
    store::recharges::save(tx, recharge).await?;
    let legs = journal::sent_back(recharge.legal_entity, amount);
    store::journal::record(tx, &origin, &legs).await?;
    tx.publish(facts::returned(recharge, amount)).await
}
