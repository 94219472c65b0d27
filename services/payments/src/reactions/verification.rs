use std::time::Duration;

use platform::{BoxFuture, Error, Settled, Task};

use crate::{App, meters, store};

const EVERY: Duration = Duration::from_mins(15);

/// Counts the payments at which no desk looked in time.
pub fn count<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        meters::verifications_overdue(store::verification::overdue(&mut tx, app.clock.now()).await?);
        tx.again(task, EVERY).await
    })
}
