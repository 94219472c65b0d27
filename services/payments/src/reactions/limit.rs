use std::time::Duration;

use platform::{BoxFuture, Error, Settled, Task};

use crate::{App, store};

/// How often counts of windows that are over are looked for.
const EVERY: Duration = Duration::from_hours(24);

/// While there are more of them.
const SOON: Duration = Duration::from_secs(1);

/// Forgets what was started in windows that are over.
pub fn forget_counts<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let more = store::limit::forget_counts(&mut tx, app.clock.now()).await?;
        tx.again(task, if more { SOON } else { EVERY }).await
    })
}
