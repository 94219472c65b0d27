use std::time::Duration;

use kernel::ChallengeId;
use platform::{BoxFuture, Error, Settled, Task};
use serde::{Deserialize, Serialize};

use crate::{App, store};

#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    pub challenge: ChallengeId,
}

/// How long an expired challenge still counts as asked for.
const KEEP: chrono::Duration = chrono::Duration::hours(24);

/// Destroys the readable copy of an expired code, and a day later the challenge.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Payload { challenge: id } = task.payload()?;
        let mut tx = task.begin(app).await?;
        let Some(challenge) = store::challenges::lock(&mut tx, id).await? else {
            return tx.done(task).await;
        };

        let keep = challenge.expires_at + KEEP - app.clock.now();
        if keep <= chrono::Duration::zero() {
            store::challenges::remove(&mut tx, id).await?;
            return tx.done(task).await;
        }
        store::challenges::forget_code(&mut tx, id).await?;
        tx.again(task, keep.to_std().unwrap_or(Duration::from_hours(24)))
            .await
    })
}
