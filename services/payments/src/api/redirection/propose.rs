use kernel::RefundId;
use platform::{Caller, Claim, Error, telemetry};
use proto::studio::payments::v1 as pb;

use super::{HOLDER, NUMBER};
use crate::domain::Refusal;
use crate::domain::redirection::Redirection;
use crate::store::redirection::Card;
use crate::{App, store, wire};

/// Names another card for a refund that hangs.
#[tracing::instrument(name = "payments.propose_redirection", skip_all, fields(refund.id = %request.refund_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ProposeRedirectionRequest,
) -> Result<pb::ProposeRedirectionResponse, Error> {
    let id = RefundId::parse("refund_id", &request.refund_id)?;
    let maker = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let refund = store::refund::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    let payment = store::payment::get(&mut tx, refund.payment_id)
        .await?
        .ok_or_else(|| platform::inconsistent("refunds", "a refund without its payment"))?;
    let card = (request.bank.as_str(), request.account_number.as_str());
    let redirection = Redirection {
        traceparent: telemetry::current_traceparent(),
        ..Redirection::propose(&refund, payment.method, card, maker, app.clock.now())?
    };
    let [number, holder] = app
        .vault()
        .seal_all(
            &mut tx,
            refund.person_id,
            [(NUMBER, &request.account_number), (HOLDER, &request.holder)],
        )
        .await?;
    if !store::redirection::insert(&mut tx, &redirection, &Card { number, holder }).await? {
        return Err(Refusal::RedirectionOpen.into());
    }
    tx.commit(pb::ProposeRedirectionResponse {
        redirection: Some(wire::redirection::redirection(&redirection)),
    })
    .await
}
