use kernel::RechargeId;
use platform::{BoxFuture, Error, Settled, Task};

use crate::domain::Recharge;
use crate::{App, facts, store};

pub const KIND: &str = "expire_recharge";

/// What was not paid in time expires. With an intent it is payments that knows
/// whether money may still come, and tells.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let recharge = store::recharges::lock(&mut tx, RechargeId(task.aggregate)).await?;
        if let Some(recharge) = recharge.map(Recharge::run_out).transpose()?.flatten() {
            store::recharges::save(&mut tx, &recharge).await?;
            tx.publish(facts::expired(&recharge)).await?;
        }
        tx.done(task).await
    })
}
