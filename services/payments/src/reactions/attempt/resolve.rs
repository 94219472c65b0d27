use std::time::Duration;

use kernel::{AttemptId, Timestamp};
use platform::{BoxFuture, Error, Settled, Task};

use crate::channel::{Channel, Outcome};
use crate::domain::attempt::{Attempt, State, Step, Why};
use crate::domain::evidence::Evidence;
use crate::domain::schedule::{next_close, next_look};
use crate::evidence::{Applied, apply_channel_evidence};
use crate::store::callback::Source;
use crate::{App, store};

/// How long after a statement that nobody believes the channel is asked again.
const QUARANTINE_PAUSE: Duration = Duration::from_mins(5);
/// A request to create that is still on its way arrives within this time; only
/// then "nothing by that number" means that nothing will be there.
const CREATE_MARGIN: chrono::Duration = chrono::Duration::seconds(60);

/// Asks the channel what became of an attempt, by the schedule, to the end.
/// Callbacks only make it quicker. When the time is over it closes the attempt
/// and asks once more, since a payer may have been faster than the close.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = AttemptId(task.aggregate);
        let Some(attempt) = prepare(app, task, id).await? else {
            return task.begin(app).await?.done(task).await;
        };
        let channel = app.channel_of(&attempt)?.as_ref();
        let closing = matches!(attempt.state, State::Closing { .. });
        let found = if closing {
            close(channel, &attempt, app.clock.now()).await
        } else {
            evidence_of(channel.query(&attempt.number).await)
        };
        let mut tx = task.begin(app).await?;
        if let Some(evidence) = found {
            return match apply_channel_evidence(app, &mut tx, id, &evidence, Source::Query).await? {
                Applied::Changed | Applied::NoEffect => tx.done(task).await,
                Applied::Quarantined(_) => tx.again(task, QUARANTINE_PAUSE).await,
            };
        }
        let now = app.clock.now();
        let pause = if closing {
            next_close(now - attempt.expire_at)
        } else {
            next_look(now - attempt.created_at, attempt.expire_at - now)
        };
        tx.again(task, pause).await
    })
}

/// The attempt, on its way to be closed when its time is over; nothing when it
/// has ended. That we begin to close stands before the channel is asked.
async fn prepare(app: &App, task: &Task, id: AttemptId) -> Result<Option<Attempt>, Error> {
    let mut tx = task.begin(app).await?;
    let attempt = store::attempt::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("attempt"))?;
    if !attempt.state.is_live() {
        return Ok(None);
    }
    if matches!(attempt.state, State::Closing { .. }) || app.clock.now() < attempt.expire_at {
        return Ok(Some(attempt));
    }
    let closing = attempt.take(Step::BeginClosing { why: Why::Expired })?;
    store::attempt::save_state(&mut tx, &closing).await?;
    tx.keep(task).await?;
    Ok(Some(closing))
}

fn evidence_of(outcome: Outcome<crate::channel::Paid>) -> Option<Evidence> {
    match outcome {
        Outcome::Succeeded(paid) => Some(Evidence::Paid(paid)),
        Outcome::Failed(_) => Some(Evidence::Closed),
        Outcome::Pending | Outcome::Unknown(_) | Outcome::NeedsPerson(_) | Outcome::NotFound => None,
    }
}

/// Query, close, query again. Proof that it is closed is a query that says so,
/// or that the channel never heard of a number that is old enough.
async fn close(channel: &dyn Channel, attempt: &Attempt, now: Timestamp) -> Option<Evidence> {
    if let Some(found) = evidence_of(channel.query(&attempt.number).await) {
        return Some(found);
    }
    let closed = channel.close(&attempt.number).await;
    tracing::info!(attempt.id = %attempt.id, ?closed, "asked the channel to close an attempt");
    match channel.query(&attempt.number).await {
        Outcome::NotFound if now - attempt.created_at >= CREATE_MARGIN => Some(Evidence::Closed),
        other => evidence_of(other),
    }
}
