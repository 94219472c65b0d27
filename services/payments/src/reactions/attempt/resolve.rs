use std::time::Duration;

use kernel::{AttemptId, Timestamp};
use platform::{BoxFuture, Error, Settled, SystemTx, Task};

use crate::channel::{Channel, Outcome};
use crate::domain::Way;
use crate::domain::attempt::{Attempt, Look};
use crate::domain::evidence::Evidence;
use crate::domain::exception::{Kind, Origin};
use crate::domain::schedule::{next_close, next_look};
use crate::evidence::{Applied, apply_channel_evidence};
use crate::store::callback::Source;
use crate::{App, exceptions, store};

/// How long after a statement that nobody believes the channel is asked again.
const QUARANTINE_PAUSE: Duration = Duration::from_mins(5);

/// Asks the channel what became of an attempt, by the schedule, to the end.
/// Callbacks only make it quicker. When the time is over it closes the attempt
/// and asks once more, since a payer may have been faster than the close. What a
/// shown code was charged is reversed instead, and never charged again.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = AttemptId(task.aggregate);
        let Some(attempt) = prepare(app, task, id).await? else {
            return task.begin(app).await?.done(task).await;
        };
        let channel = app.channel_of(&attempt)?.as_ref();
        let ending = attempt.state.is_ending();
        let found = match (attempt.method.way(), ending) {
            (Way::Charge, false) => Evidence::of_charge_query(channel.query_charge(&attempt.number).await),
            (Way::Charge, true) => reverse(app, task, channel, &attempt).await?,
            (Way::Scan | Way::InApp | Way::Drawer | Way::Transfer, false) => {
                Evidence::of_query(channel.query(&attempt.number).await)
            }
            (Way::Scan | Way::InApp | Way::Drawer | Way::Transfer, true) => {
                close(channel, &attempt, app.clock.now()).await
            }
        };
        let mut tx = task.begin(app).await?;
        if let Some(evidence) = found {
            return match apply_channel_evidence(app, &mut tx, id, &evidence, Source::Query).await? {
                Applied::Changed | Applied::NoEffect if evidence.ends() => tx.done(task).await,
                Applied::Changed | Applied::NoEffect => tx.again(task, pause(app, &attempt)).await,
                Applied::Quarantined(_) => {
                    unknown(app, &mut tx, &attempt).await?;
                    tx.again(task, QUARANTINE_PAUSE).await
                }
            };
        }
        unknown(app, &mut tx, &attempt).await?;
        tx.again(task, pause(app, &attempt)).await
    })
}

/// What a channel leaves unknown for twice its life is for people too.
async fn unknown(app: &App, tx: &mut SystemTx, attempt: &Attempt) -> Result<(), Error> {
    let now = app.clock.now();
    if !attempt.is_long_unknown(now) {
        return Ok(());
    }
    match store::attempt::lock(tx, attempt.id).await? {
        Some(attempt) if attempt.is_long_unknown(now) => {
            let kind = Kind::PaidNotCredited;
            exceptions::notice(app, tx, &attempt, kind, Origin::UnknownAttempt).await
        }
        _ => Ok(()),
    }
}

fn pause(app: &App, attempt: &Attempt) -> Duration {
    let now = app.clock.now();
    if attempt.state.is_ending() {
        next_close(now - attempt.expire_at)
    } else {
        next_look(attempt.method, now - attempt.created_at, attempt.expire_at - now)
    }
}

/// The attempt, on its way to be closed when its time is over; nothing when it
/// has ended. That we begin to close stands before the channel is asked.
async fn prepare(app: &App, task: &Task, id: AttemptId) -> Result<Option<Attempt>, Error> {
    let mut tx = task.begin(app).await?;
    let attempt = store::attempt::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("attempt"))?;
    match attempt.look(app.clock.now())? {
        Look::Over => Ok(None),
        Look::Ask | Look::Close => Ok(Some(attempt)),
        Look::BeginClosing(closing) => {
            store::attempt::save_state(&mut tx, &closing).await?;
            tx.keep(task).await?;
            Ok(Some(closing))
        }
    }
}

/// Query, close, query again. Proof that it is closed is a query that says so,
/// or that the channel never heard of a number and can hear of it no more.
async fn close(channel: &dyn Channel, attempt: &Attempt, now: Timestamp) -> Option<Evidence> {
    if let Some(found) = Evidence::of_query(channel.query(&attempt.number).await) {
        return Some(found);
    }
    let closed = channel.close(&attempt.number).await;
    tracing::info!(attempt.id = %attempt.id, ?closed, "asked the channel to close an attempt");
    Evidence::of_query_after_close(channel.query(&attempt.number).await, attempt.quiet_for(now))
}

/// As [`close`], of a charge. That a reversal may be on its way stands before it
/// is: money that is found afterwards pays nothing, since it may be gone again.
async fn reverse(
    app: &App,
    task: &Task,
    channel: &dyn Channel,
    attempt: &Attempt,
) -> Result<Option<Evidence>, Error> {
    let found = channel.query_charge(&attempt.number).await;
    if !found.is_to_be_reversed()
        && let Some(found) = Evidence::of_query(found)
    {
        return Ok(Some(found));
    }
    if !begin_reversing(app, task, attempt.id).await? {
        return Ok(None);
    }
    let reversed = channel.reverse(&attempt.number).await;
    tracing::info!(attempt.id = %attempt.id, ?reversed, "asked the channel to reverse a charge");
    if let Outcome::NeedsPerson(word) = &reversed {
        tracing::error!(attempt.id = %attempt.id, word, "the channel does not reverse a charge; a person has to act there");
    }
    let found = channel.query_charge(&attempt.number).await;
    let quiet = attempt.quiet_for(app.clock.now());
    Ok(Evidence::of_query_after_reversal(&reversed, found, quiet))
}

/// False when it is too early, or when the attempt has ended meanwhile.
async fn begin_reversing(app: &App, task: &Task, id: AttemptId) -> Result<bool, Error> {
    let mut tx = task.begin(app).await?;
    let attempt = store::attempt::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("attempt"))?;
    if !attempt.state.is_ending() {
        return Ok(false);
    }
    let Some(reversing) = attempt.begin_reversing(app.clock.now())? else {
        return Ok(false);
    };
    if reversing != attempt {
        store::attempt::save_state(&mut tx, &reversing).await?;
        tx.keep(task).await?;
    }
    Ok(true)
}
