use kernel::RechargeId;
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use crate::domain::{Recharge, Refusal};
use crate::{App, facts, store};

/// Passes the first check.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AcceptRechargeRequest,
) -> Result<pb::AcceptRechargeResponse, Error> {
    let id = RechargeId::parse("recharge_id", &request.recharge_id)?;
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let recharge = locked(&mut tx, id, request.version).await?;
    let recharge = recharge.accept(by, app.clock.now())?;
    store::recharges::save(&mut tx, &recharge).await?;
    tx.publish(facts::accepted(&recharge)).await?;
    let state = pb::RechargeState::from(&recharge.state).into();
    tx.commit(pb::AcceptRechargeResponse {
        state,
        version: recharge.version,
    })
    .await
}

/// The recharge, held, as the caller looked at it.
pub async fn locked(tx: &mut sqlx::PgConnection, id: RechargeId, version: i64) -> Result<Recharge, Error> {
    let recharge = store::recharges::lock(tx, id)
        .await?
        .ok_or(Refusal::UnknownRecharge)?;
    if recharge.version != version {
        return Err(Refusal::VersionConflict { what: "recharge" }.into());
    }
    Ok(recharge)
}
