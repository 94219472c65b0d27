use std::time::Duration;

use kernel::IsolatedMoneyId;
use platform::{BoxFuture, Error, Settled, Task};

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
        Outcome::Failed(Failure { code, retry }) => {
            tracing::error!(isolated.id = %id, code, "isolated money did not go back; it is tried again");
            if retry == Retry::Later {
                return tx.again(task, PAUSE).await;
            }
            if money.return_try >= MOST_TRIES {
                return Err(Error::Internal(format!(
                    "the channel will not take isolated money {id} back: {code}"
                )));
            }
            store::isolated::save_state(&mut tx, &money.next_try(), &code, None).await?;
            tx.again(task, PAUSE).await
        }
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
