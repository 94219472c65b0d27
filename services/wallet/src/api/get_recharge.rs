use kernel::RechargeId;
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use super::view;
use crate::domain::Refusal;
use crate::{App, store};

/// One recharge within the caller's reach.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetRechargeRequest,
) -> Result<pb::GetRechargeResponse, Error> {
    let id = RechargeId::parse("recharge_id", &request.recharge_id)?;
    let mut tx = app.begin(caller).await?;
    let recharge = store::recharges::find(&mut tx, id)
        .await?
        .ok_or(Refusal::UnknownRecharge)?;
    Ok(pb::GetRechargeResponse {
        recharge: Some(view::recharge(&recharge)),
    })
}
