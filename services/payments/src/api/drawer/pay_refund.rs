use kernel::{BadField, DrawerId, RefundLegId};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{pass, work};
use crate::domain::drawer::{Drawer, Entry, Kind};
use crate::domain::payment::Payment;
use crate::domain::refund::{Refund, State, Step};
use crate::domain::{Method, Refusal};
use crate::{App, facts, store, wire};

/// Gives back at a drawer what was taken at one, under the ceiling that was
/// reserved for it.
#[tracing::instrument(name = "payments.pay_refund", skip_all, fields(leg.id = %request.leg_id, drawer.id = %request.drawer_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::PayRefundRequest,
) -> Result<pb::PayRefundResponse, Error> {
    let drawer_id = DrawerId::parse("drawer_id", &request.drawer_id)?;
    let leg_id = RefundLegId::parse("leg_id", &request.leg_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let drawer = work(&mut tx, drawer_id, by).await?;
    let refund = store::refund::lock(&mut tx, Refund::id_of(leg_id))
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    drawer.of_studio(refund.studio_id)?;
    let payment = store::payment::get(&mut tx, refund.payment_id)
        .await?
        .ok_or_else(|| platform::inconsistent("refunds", "a refund without its payment"))?;
    if refund.state != State::Reserved {
        return Err(Refusal::RefundNotAtDrawer.into());
    }
    let entry = Entry {
        at: now,
        ..entry(&drawer, &payment, &refund, request.card.as_ref())?
    };
    pass(&mut tx, &drawer, &entry).await?;
    let channel_refund = entry.id.simple().to_string();
    let paid = refund.take(Step::Succeed {
        at: now,
        channel_refund,
    })?;
    store::refund::save_state(&mut tx, &paid).await?;
    store::payment::settle(&mut tx, paid.payment_id, paid.amount).await?;
    tx.publish(facts::refund_succeeded(&paid, now)).await?;
    tx.commit(pb::PayRefundResponse {
        refund: Some(wire::refund::refund(&paid)),
    })
    .await
}

/// Cash goes back as cash, a card's money to a card.
fn entry(
    drawer: &Drawer,
    payment: &Payment,
    refund: &Refund,
    card: Option<&pb::CardSlip>,
) -> Result<Entry, Error> {
    let kind = match (payment.method, card) {
        (Method::Cash, None) => Kind::CashRefunded,
        (Method::CardTerminal, Some(_)) => Kind::CardRefunded,
        (Method::Cash, Some(_)) => return Err(BadField::new("card", "is not for cash").into()),
        (Method::CardTerminal, None) => return Err(BadField::new("card", "is required").into()),
        _ => return Err(Refusal::RefundNotAtDrawer.into()),
    };
    Ok(Entry {
        refund: Some(refund.id),
        slip: card.map(wire::drawer::slip),
        ..Entry::of(drawer, kind, refund.amount, refund.created_at)
    })
}
