use std::time::Duration;

use kernel::AttemptId;
use platform::{BoxFuture, Error, Settled, Task};

use crate::channel::{Channel, Failure, Order, Outcome, Retry};
use crate::domain::attempt::{Attempt, State};
use crate::domain::evidence::Evidence;
use crate::evidence::apply_channel_evidence;
use crate::store::callback::Source;
use crate::{App, store};

/// How long after a doubt the channel is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks the channel for the QR of an attempt, under the attempt's one number,
/// until the channel has said yes or no. A doubt ends in a query: only proof
/// moves the attempt.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = AttemptId(task.aggregate);
        let mut tx = task.begin(app).await?;
        let attempt = store::attempt::get(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("attempt"))?;
        // from its end on the resolver has it
        if attempt.state != State::Creating || attempt.expire_at <= app.clock.now() {
            return tx.done(task).await;
        }
        drop(tx);
        let found = ask(app.channel_of(&attempt)?.as_ref(), &attempt).await;
        let mut tx = task.begin(app).await?;
        match found {
            Some(evidence) => {
                apply_channel_evidence(app, &mut tx, id, &evidence, Source::Query).await?;
                tx.done(task).await
            }
            None => tx.again(task, PAUSE).await,
        }
    })
}

/// What the channel proves, if anything.
async fn ask(channel: &dyn Channel, attempt: &Attempt) -> Option<Evidence> {
    let order = Order {
        number: attempt.number.clone(),
        description: attempt.description.clone(),
        amount: attempt.amount,
        expire_at: attempt.channel_expire_at,
    };
    let refusal = match channel.open(&order).await {
        Outcome::Succeeded(code_url) => return Some(Evidence::Opened { code_url }),
        Outcome::Failed(Failure {
            code,
            retry: Retry::Never | Retry::NewNumber,
        }) => Some(code),
        Outcome::Failed(_)
        | Outcome::Pending
        | Outcome::Unknown(_)
        | Outcome::NeedsPerson(_)
        | Outcome::NotFound => None,
    };
    Evidence::of_query_after_open(refusal, channel.query(&attempt.number).await)
}
