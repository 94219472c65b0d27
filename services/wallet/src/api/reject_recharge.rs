use kernel::RechargeId;
use platform::{Caller, Claim, Error, NewTask};
use proto::studio::wallet::v1 as pb;

use super::accept_recharge::locked;
use super::decline_recharge::cause;
use super::said;
use crate::domain::recharge::{Mark, Rejection};
use crate::reactions::send_recharge_back;
use crate::{App, facts, store};

/// The audit's no: the money goes back to the payer.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RejectRechargeRequest,
) -> Result<pb::RejectRechargeResponse, Error> {
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
    let recharge = recharge.send_back(
        Mark {
            by,
            at: app.clock.now(),
        },
        rejection.clone(),
    )?;
    store::recharges::save(&mut tx, &recharge).await?;
    tx.publish(facts::rejected(&recharge, &rejection)).await?;
    tx.task(NewTask::now(send_recharge_back::KIND, id, &())).await?;
    let state = pb::RechargeState::from(&recharge.state).into();
    tx.commit(pb::RejectRechargeResponse {
        state,
        version: recharge.version,
    })
    .await
}
