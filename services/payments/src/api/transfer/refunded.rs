use kernel::RefundLegId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::said;
use crate::domain::refund::{Refund, State, Step};
use crate::domain::{Refusal, Way};
use crate::{App, facts, store, wire};

/// Records that money which came by transfer went back by transfer, under the
/// ceiling that was reserved for it.
#[tracing::instrument(name = "payments.record_transfer_refund", skip_all, fields(leg.id = %request.leg_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RecordTransferRefundRequest,
) -> Result<pb::RecordTransferRefundResponse, Error> {
    let leg = RefundLegId::parse("leg_id", &request.leg_id)?;
    let channel_refund = said("transaction", &request.transaction)?;
    caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let at = app.clock.now();
    let refund = store::refund::lock(&mut tx, Refund::id_of(leg))
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    let payment = store::payment::get(&mut tx, refund.payment_id)
        .await?
        .ok_or_else(|| platform::inconsistent("refunds", "a refund without its payment"))?;
    if refund.state != State::Reserved || payment.method.way() != Way::Transfer {
        return Err(Refusal::RefundNotByTransfer.into());
    }
    let sent = refund.take(Step::Succeed { at, channel_refund })?;
    store::refund::save_state(&mut tx, &sent).await?;
    store::payment::settle(&mut tx, sent.payment_id, sent.amount).await?;
    tx.publish(facts::refund_succeeded(&sent, at)).await?;
    tx.commit(pb::RecordTransferRefundResponse {
        refund: Some(wire::refund::refund(&sent)),
    })
    .await
}
