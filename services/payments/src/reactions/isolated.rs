use std::time::Duration;

use kernel::IsolatedMoneyId;
use platform::{BoxFuture, Error, Settled, SystemTx, Task};

use super::refund::send::pursue;
use crate::channel::{Failure, Outcome, Retry, Returned};
use crate::domain::isolated::{IsolatedMoney, State};
use crate::domain::schedule::{HANGING_LOOK, next_refund_look};
use crate::{App, facts, meters, store};

/// After this many tries that the channel closed a person has to look.
const MOST_TRIES: i32 = 5;
/// How long after a no the money is sent again.
const PAUSE: Duration = Duration::from_mins(10);

/// Sends isolated money back through the channel it came by. It gives up never:
/// what a channel closes is tried anew under the next number, and after several
/// tries the task is parked for a person, who resumes it.
pub fn send_back<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = IsolatedMoneyId(task.aggregate);
        let mut tx = task.begin(app).await?;
        let money = store::isolated::lock(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("isolated money"))?;
        if money.state == State::Returned {
            return tx.done(task).await;
        }
        if money.return_try > MOST_TRIES && task.attempt > 1 {
            return Err(stuck(&money, "the tries before"));
        }
        drop(tx);
        // whether an earlier run came through to the channel nobody knows: ask first
        let channel = app.channel(&money.merchant, money.method)?;
        let outcome = pursue(channel.as_ref(), &money.order(), false).await;

        settle(app, task, &money, outcome).await
    })
}

async fn settle(
    app: &App,
    task: &Task,
    sent: &IsolatedMoney,
    outcome: Outcome<Returned>,
) -> Result<Settled, Error> {
    let (id, now) = (sent.id, app.clock.now());
    let mut tx = task.begin(app).await?;
    let money = store::isolated::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("isolated money"))?;
    if money.state == State::Returned || money.return_try != sent.return_try {
        return tx.done(task).await;
    }
    match outcome {
        Outcome::Succeeded(found) => {
            let returned = money.returned();
            let at = found.returned_at.unwrap_or(now);
            store::isolated::save_state(&mut tx, &returned, "", Some(at)).await?;
            tx.publish(facts::money_returned(&returned)).await?;
            tx.done(task).await
        }
        Outcome::Failed(failure) => refused(task, tx, &money, failure).await,
        Outcome::NeedsPerson(word) => {
            tracing::error!(isolated.id = %id, word, "isolated money hangs at the channel; a person has to act there");
            meters::refund_hangs();
            tx.again(task, HANGING_LOOK).await
        }
        Outcome::Pending | Outcome::Unknown(_) | Outcome::NotFound => {
            tx.again(task, next_refund_look(now - money.isolated_at)).await
        }
    }
}

/// A no. Only a number that the channel closed is followed by another, and that
/// one stands before the task rests or is parked: whoever resumes it must not
/// ask about the dead number again.
async fn refused(
    task: &Task,
    mut tx: SystemTx,
    money: &IsolatedMoney,
    failure: Failure,
) -> Result<Settled, Error> {
    let (id, code) = (money.id, failure.code);
    tracing::error!(isolated.id = %id, code, "isolated money did not go back; it is tried again");
    let hopeless = match failure.retry {
        Retry::Later => false,
        Retry::NewNumber => {
            store::isolated::save_state(&mut tx, &money.next_try(), &code, None).await?;
            money.return_try >= MOST_TRIES
        }
        Retry::Never => true,
    };
    if !hopeless {
        return tx.again(task, PAUSE).await;
    }
    tx.keep(task).await?;
    Err(stuck(money, &code))
}

/// Repeated at each retry, this parks the task; resumed, it counts from the start
/// and sends under the number that stands.
fn stuck(money: &IsolatedMoney, why: &str) -> Error {
    Error::Internal(format!(
        "the channel will not take isolated money {} back: {why}",
        money.id
    ))
}
