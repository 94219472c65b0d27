use std::time::Duration;

use kernel::IsolatedMoneyId;
use platform::{BoxFuture, Error, Settled, Task};

use super::refund::send::pursue;
use crate::channel::{Failure, Outcome};
use crate::domain::Method;
use crate::domain::isolated::State;
use crate::domain::schedule::next_refund_look;
use crate::{App, facts, store};

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
        let channel = app.channel(&money.merchant, Method::WechatNative)?;
        let outcome = pursue(channel.as_ref(), &money.order(), false).await;

        let now = app.clock.now();
        let mut tx = task.begin(app).await?;
        let current = store::isolated::lock(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("isolated money"))?;
        if current.state == State::Returned || current.return_try != money.return_try {
            return tx.done(task).await;
        }
        match outcome {
            Outcome::Succeeded(found) => {
                let returned = current.returned();
                store::isolated::save_state(&mut tx, &returned, "", Some(found.returned_at.unwrap_or(now)))
                    .await?;
                tx.publish(facts::money_returned(&returned)).await?;
                tx.done(task).await
            }
            Outcome::Failed(Failure {
                code,
                may_succeed_later: false,
            }) => {
                if current.return_try >= MOST_TRIES {
                    return Err(Error::Internal(format!(
                        "the channel will not take isolated money {id} back: {code}"
                    )));
                }
                tracing::error!(isolated.id = %id, code, "isolated money did not go back; it is tried again");
                store::isolated::save_state(&mut tx, &current.next_try(), &code, None).await?;
                tx.again(task, PAUSE).await
            }
            Outcome::Failed(Failure { code, .. }) => {
                tracing::error!(isolated.id = %id, code, "the channel lacks funds to return isolated money; it waits");
                tx.again(task, PAUSE).await
            }
            Outcome::Pending | Outcome::Unknown(_) | Outcome::NotFound => {
                tx.again(task, next_refund_look(now - money.isolated_at)).await
            }
        }
    })
}
