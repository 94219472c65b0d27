use kernel::HoldId;
use platform::{BoxFuture, Error, Settled, Task};
use serde::{Deserialize, Serialize};

use crate::domain::cards::HoldState;
use crate::{App, store};

#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    pub hold: HoldId,
}

/// Frees the use of a hold that ran out, unless it was settled before.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Payload { hold: id } = task.payload()?;
        let mut tx = task.begin(app).await?;
        let hold = store::cards::lock_hold(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("hold"))?;

        let now = app.clock.now();
        if hold.state == HoldState::Held {
            let hold = hold.settle(HoldState::Expired, now)?;
            store::cards::save_hold(&mut tx, &hold, now).await?;
            store::cards::free(&mut tx, hold.benefit).await?;
        }
        tx.done(task).await
    })
}
