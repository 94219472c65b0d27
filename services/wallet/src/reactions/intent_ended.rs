use kernel::DueId;
use platform::{Error, SystemTx};

use crate::domain::Recharge;
use crate::{facts, store};

/// No attempt of the intent was paid, and none can be any more. A recharge
/// that ended before, by being given up, stays as it is.
pub async fn react(tx: &mut SystemTx, due_id: &str) -> Result<(), Error> {
    let due = DueId::parse("due_id", due_id)?;
    let Some(id) = store::recharges::by_due(tx, due).await? else {
        return Ok(());
    };
    let recharge = store::recharges::lock(tx, id).await?;
    let Some(recharge) = recharge.map(Recharge::unpaid_for_good).transpose()?.flatten() else {
        return Ok(());
    };
    store::recharges::save(tx, &recharge).await?;
    tx.publish(facts::expired(&recharge)).await
}
