use kernel::GrantId;
use platform::{BoxFuture, Error, Settled, Task};

use crate::{App, facts, store};

/// Ends a delegation whose time is over, unless somebody ended it before.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let grant = store::staff::lock_grant(&mut tx, GrantId(task.aggregate))
            .await?
            .ok_or_else(|| Error::not_found("grant"))?;

        let now = app.clock.now();
        if grant.revoked.is_none() && !grant.holds(now) {
            let grant = grant.revoke("members".to_owned(), now)?;
            store::staff::revoke(&mut tx, &grant, "the delegation ended").await?;
            tx.publish(facts::grant_revoked(&grant)).await?;
        }
        tx.done(task).await
    })
}
