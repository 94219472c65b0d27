use kernel::{Amount, PaymentId, RefundLegId};
use platform::{Caller, Claim, Error, NewTask, WriteTx, telemetry};
use proto::studio::payments::v1 as pb;

use crate::domain::Refusal;
use crate::domain::refund::Refund;
use crate::reactions::kinds;
use crate::{App, store, wire};

/// Reserves a part of a payment and leaves the task that has it sent back.
#[tracing::instrument(name = "payments.refund", skip_all, fields(payment.id = %request.payment_id, leg.id = %request.leg_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RefundRequest,
) -> Result<pb::RefundResponse, Error> {
    let payment_id = PaymentId::parse("payment_id", &request.payment_id)?;
    let leg_id = RefundLegId::parse("leg_id", &request.leg_id)?;
    let amount = Amount::parse("amount", request.amount.as_ref())?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let refund = match store::refund::get(&mut tx, Refund::id_of(leg_id)).await? {
        Some(refund) => refund,
        None => reserve(app, &mut tx, payment_id, leg_id, amount, &request.reason).await?,
    };
    refund.same_as(payment_id, amount)?;
    tx.commit(pb::RefundResponse {
        refund: Some(wire::refund::refund(&refund)),
    })
    .await
}

/// The leg's row first: a twin of this call waits at it and then finds ours.
/// Then the ceiling, by one conditional update.
async fn reserve(
    app: &App,
    tx: &mut WriteTx,
    payment_id: PaymentId,
    leg_id: RefundLegId,
    amount: Amount,
    reason: &str,
) -> Result<Refund, Error> {
    let now = app.clock.now();
    let payment = store::payment::get(tx, payment_id)
        .await?
        .ok_or_else(|| Error::not_found("payment"))?;
    payment.may_refund(amount, now, app.config.refunds.window())?;
    let refund = Refund {
        traceparent: telemetry::current_traceparent(),
        ..Refund::reserve(&payment, leg_id, amount, reason, now)
    };
    if !store::refund::insert(tx, &refund).await? {
        let twin = store::refund::get(tx, refund.id).await?;
        return twin.ok_or_else(|| platform::inconsistent("refunds", "a leg's refund vanished"));
    }
    if !store::payment::reserve(tx, payment_id, amount).await? {
        let payment = store::payment::get(tx, payment_id)
            .await?
            .ok_or_else(|| Error::not_found("payment"))?;
        return Err(Refusal::RefundExceedsPayment {
            refundable: payment.refundable(),
        }
        .into());
    }
    tx.task(NewTask::now(kinds::SEND_REFUND, refund.id, &())).await?;
    Ok(refund)
}
