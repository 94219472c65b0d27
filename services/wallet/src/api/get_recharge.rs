use kernel::RechargeId;
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use super::{said, view};
use crate::domain::Refusal;
use crate::{App, store};

/// One recharge within the caller's reach, with what was written about it.
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
    let shown = said::open(app, &mut tx, &recharge, view::recharge(&recharge)).await?;
    Ok(pb::GetRechargeResponse {
        recharge: Some(shown),
    })
}
