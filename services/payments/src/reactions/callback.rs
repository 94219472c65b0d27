use chrono::Duration;
use kernel::{CallbackId, Timestamp};
use platform::{BoxFuture, Error, NewTask, Settled, SystemTx, Task};
use serde::{Deserialize, Serialize};

use super::kinds;
use crate::callbacks;
use crate::channel::Paid;
use crate::domain::schedule::next_match;
use crate::store::callback::State;
use crate::{App, meters, store};

/// For how long an order of ours is looked for.
const PATIENCE: Duration = Duration::days(30);

/// How often refused callbacks that are old enough are looked for.
const FORGET_EVERY: std::time::Duration = std::time::Duration::from_hours(24);
/// While there are more of them.
const FORGET_SOON: std::time::Duration = std::time::Duration::from_secs(1);

/// A payment stated by a proved callback, of which nothing here has the number.
#[derive(Serialize, Deserialize)]
struct Unmatched {
    merchant: String,
    paid: Paid,
    since: Timestamp,
}

/// Leaves the task that looks for the order of a callback again.
pub async fn leave_to_match(
    tx: &mut SystemTx,
    id: CallbackId,
    merchant: &str,
    paid: &Paid,
) -> Result<(), Error> {
    let since = tx.now();
    let unmatched = Unmatched {
        merchant: merchant.to_owned(),
        paid: paid.clone(),
        since,
    };
    let first_look = since + Duration::minutes(1);
    tx.task(NewTask::at(kinds::MATCH_CALLBACK, id, first_look, &unmatched))
        .await
}

/// Looks for the order of a callback again, ever more seldom; what nobody has
/// after a month is left to a person.
pub fn match_again<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Unmatched {
            merchant,
            paid,
            since,
        } = task.payload()?;
        let id = CallbackId(task.aggregate);
        let mut tx = task.begin(app).await?;
        if store::callback::lock(&mut tx, id).await? != Some(State::Unmatched) {
            return tx.done(task).await;
        }
        if let Some(attempt) = store::attempt::of_number(&mut tx, &merchant, &paid.number).await? {
            let state = callbacks::apply(app, &mut tx, &attempt, &paid).await?;
            store::callback::save_state(&mut tx, id, state).await?;
            return tx.done(task).await;
        }
        let age = app.clock.now() - since;
        if age < PATIENCE {
            return tx.again(task, next_match(age)).await;
        }
        tracing::error!(callback.id = %id, number = %paid.number, "money arrived for an order that nobody has; a person has to look");
        meters::callback_given_up();
        tx.done(task).await
    })
}

/// Forgets refused callbacks that are old enough.
pub fn forget_refused<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let before = app.config.callbacks.refused.kept_since(app.clock.now());
        let more = store::refused::forget(&mut tx, before).await?;
        tx.again(task, if more { FORGET_SOON } else { FORGET_EVERY })
            .await
    })
}
