use kernel::HoldId;
use platform::{BoxFuture, Error, Settled, Task};

use crate::domain::hold::End;
use crate::{App, facts, store};

pub const KIND: &str = "expire_hold";

/// What nobody captured in time is free again.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let id = HoldId(task.aggregate);
        let Some(person) = store::holds::owner(&mut tx, id).await? else {
            return tx.done(task).await;
        };
        let wallet = store::wallets::lock(&mut tx, person, &[]).await?;
        if let (Some(before), Some(hold)) = (wallet, store::holds::find(&mut tx, id).await?) {
            let end = End {
                at: app.clock.now(),
                by: "service:wallet".to_owned(),
            };
            if let Some((hold, after)) = hold.run_out(before.clone(), end)? {
                store::wallets::save_value(&mut tx, &[(&before, &after)], app.clock.now()).await?;
                store::holds::save_end(&mut tx, &hold).await?;
                tx.publish(facts::hold_expired(&hold)).await?;
            }
        }
        tx.done(task).await
    })
}
