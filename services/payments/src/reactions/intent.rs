use std::time::Duration;

use kernel::IntentId;
use platform::{BoxFuture, Error, Settled, Task};

use crate::{App, evidence, store};

/// Ends an intent whose time is over. While an attempt of it can still be paid
/// the end waits for what the channel says about that.
pub fn expire<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let intent = store::intent::lock(&mut tx, IntentId(task.aggregate))
            .await?
            .ok_or_else(|| Error::not_found("intent"))?;
        if store::attempt::live(&mut tx, intent.id).await?.is_some() {
            return tx.again(task, Duration::from_secs(10)).await;
        }
        evidence::expire(&mut tx, intent.expire()).await?;
        tx.done(task).await
    })
}
