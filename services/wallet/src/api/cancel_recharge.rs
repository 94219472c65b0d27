use kernel::RechargeId;
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use crate::domain::Refusal;
use crate::reactions::cancel_intent;
use crate::{App, facts, store};

/// Gives a recharge up that was not paid.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CancelRechargeRequest,
) -> Result<pb::CancelRechargeResponse, Error> {
    let id = RechargeId::parse("recharge_id", &request.recharge_id)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let recharge = store::recharges::lock(&mut tx, id)
        .await?
        .ok_or(Refusal::UnknownRecharge)?
        .cancel()?;
    store::recharges::save(&mut tx, &recharge).await?;
    cancel_intent::leave(&mut tx, &recharge).await?;
    tx.publish(facts::cancelled(&recharge)).await?;
    let state = pb::RechargeState::from(&recharge.state).into();
    tx.commit(pb::CancelRechargeResponse {
        state,
        version: recharge.version,
    })
    .await
}
