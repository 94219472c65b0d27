use kernel::RechargeId;
use platform::{Caller, Claim, Error, NewTask};
use proto::studio::wallet::v1 as pb;

use super::accept_recharge::locked;
use crate::reactions::send_recharge_back;
use crate::{App, store};

/// Sends the money of a rejected recharge back once more.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ResumeReturnRequest,
) -> Result<pb::ResumeReturnResponse, Error> {
    let id = RechargeId::parse("recharge_id", &request.recharge_id)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let recharge = locked(&mut tx, id, request.version).await?.resume()?;
    store::recharges::save(&mut tx, &recharge).await?;
    tx.task(NewTask::now(send_recharge_back::KIND, id, &())).await?;
    let state = pb::RechargeState::from(&recharge.state).into();
    tx.commit(pb::ResumeReturnResponse {
        state,
        version: recharge.version,
    })
    .await
}
