use kernel::HoldId;
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use super::lock;
use crate::domain::hold::End;
use crate::{App, facts, store};

/// Gives a hold up: all of it may be spent again.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReleaseHoldRequest,
) -> Result<pb::ReleaseHoldResponse, Error> {
    let id = HoldId::parse("hold_id", &request.hold_id)?;

    // Wide, since the wallet may be at home in another studio than the one that was to be paid.
    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let (hold, before) = lock(&mut tx, id).await?;
    caller.require_reach("hold", hold.studio, Some(hold.person))?;

    let (at, by) = (app.clock.now(), caller.actor());
    let (hold, after) = hold.release(before.clone(), End { at, by })?;

    store::holds::save_end(&mut tx, &hold).await?;
    store::wallets::save_value(&mut tx, &[(&before, &after)], at).await?;
    tx.publish(facts::released(&hold)).await?;
    tx.commit(pb::ReleaseHoldResponse {
        spendable: Some(after.spendable().into()),
    })
    .await
}
