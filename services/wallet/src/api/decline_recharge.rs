use kernel::{BadField, RechargeId};
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use super::accept_recharge::locked;
use super::{said, words};
use crate::domain::recharge::{Advice, RejectReason, Rejection};
use crate::reactions::cancel_intent;
use crate::{App, facts, store};

/// The first check's no, before any money came.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::DeclineRechargeRequest,
) -> Result<pb::DeclineRechargeResponse, Error> {
    let id = RechargeId::parse("recharge_id", &request.recharge_id)?;
    let (reason, advice) = cause(request.reason(), request.advice())?;
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let recharge = locked(&mut tx, id, request.version).await?;
    let rejection = Rejection {
        reason,
        advice,
        explanation: said::explanation(app, &mut tx, &recharge, &request.explanation).await?,
    };
    let recharge = recharge.reject(by, rejection.clone())?;
    store::recharges::save(&mut tx, &recharge).await?;
    cancel_intent::leave(&mut tx, &recharge).await?;
    tx.publish(facts::rejected(&recharge, &rejection)).await?;
    let state = pb::RechargeState::from(&recharge.state).into();
    tx.commit(pb::DeclineRechargeResponse {
        state,
        version: recharge.version,
    })
    .await
}

/// The cause of a no, as the contract carries it.
pub fn cause(reason: pb::RejectReason, advice: pb::Advice) -> Result<(RejectReason, Advice), BadField> {
    Ok((words::reject_reason(reason)?, words::advice(advice)?))
}
