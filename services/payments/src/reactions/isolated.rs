use kernel::IsolatedMoneyId;
use platform::{BoxFuture, Error, Settled, Task};

use super::refund::send::pursue;
use crate::channel::{Channel, Failure, Outcome, Returned};
use crate::domain::Way;
use crate::domain::isolated::{Followed, IsolatedMoney, MOST_TRIES, PAUSE, State};
use crate::domain::schedule::{HANGING_LOOK, next_refund_look};
use crate::{App, exceptions, facts, meters, store};

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
        if let Some(rest) = money.rest(app.clock.now()) {
            return tx.again(task, rest).await;
        }
        if money.return_try > MOST_TRIES && task.attempt > 1 {
            return Err(stuck(&money, "the tries before"));
        }
        drop(tx);
        let channel = app.channel(&money.merchant, money.method)?.as_ref();
        // whether an earlier run came through to the channel nobody knows: ask first
        let reversed = was_reversed(channel, &money).await;
        let outcome = if reversed {
            Outcome::Succeeded(Returned {
                channel_refund: String::new(),
                returned_at: None,
            })
        } else {
            pursue(channel, &money.order(), false).await
        };
        let sent = IsolatedMoney { reversed, ..money };
        settle(app, task, &sent, outcome).await
    })
}

/// Whether a reversal whose answer was lost gave the money of a charge back.
async fn was_reversed(channel: &dyn Channel, money: &IsolatedMoney) -> bool {
    money.method.way() == Way::Charge
        && matches!(channel.query_charge(&money.number).await, Outcome::Failed(_))
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
    match money.follow(sent, outcome, now) {
        Followed::Over => tx.done(task).await,
        Followed::Returned { money, at } => {
            let money = IsolatedMoney {
                reversed: sent.reversed,
                ..money
            };
            store::isolated::save_state(&mut tx, &money, "", Some(at)).await?;
            tx.publish(facts::money_returned(&money)).await?;
            exceptions::returned(app, &mut tx, &money).await?;
            tx.done(task).await
        }
        Followed::Later(Failure { code, .. }) => {
            refused(id, &code);
            tx.again(task, PAUSE).await
        }
        // The next number stands before the task rests or is parked: whoever
        // resumes it must not ask about the dead one again.
        Followed::NextTry {
            money: next,
            failure: Failure { code, .. },
            hopeless,
        } => {
            refused(id, &code);
            store::isolated::save_state(&mut tx, &next, &code, None).await?;
            if !hopeless {
                return tx.again(task, PAUSE).await;
            }
            tx.keep(task).await?;
            Err(stuck(&money, &code))
        }
        Followed::Refused(Failure { code, .. }) => {
            refused(id, &code);
            tx.keep(task).await?;
            Err(stuck(&money, &code))
        }
        Followed::Hangs(word) => {
            tracing::error!(isolated.id = %id, word, "isolated money hangs at the channel; a person has to act there");
            meters::refund_hangs();
            tx.again(task, HANGING_LOOK).await
        }
        Followed::Open => {
            tx.again(task, next_refund_look(now - money.isolated_at, money.method))
                .await
        }
    }
}

fn refused(id: IsolatedMoneyId, code: &str) {
    tracing::error!(isolated.id = %id, code, "isolated money did not go back; it is tried again");
}

/// Repeated at each retry, this parks the task; resumed, it counts from the start
/// and sends under the number that stands.
fn stuck(money: &IsolatedMoney, why: &str) -> Error {
    Error::Internal(format!(
        "the channel will not take isolated money {} back: {why}",
        money.id
    ))
}
