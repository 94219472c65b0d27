use std::time::Duration;

use kernel::AttemptId;
use platform::{BoxFuture, Error, Settled, SystemTx, Task};

use crate::breakers::Permit;
use crate::channel::{Channel, Failure, Outcome, Retry};
use crate::domain::Way;
use crate::domain::attempt::{Attempt, Prompt, State};
use crate::domain::evidence::Evidence;
use crate::evidence::apply_channel_evidence;
use crate::store::callback::Source;
use crate::{App, store};

/// How long after a doubt the channel is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Who pays inside the channel's app: the column, sealed for the person.
pub const PAYER: &str = "attempts.payer";

/// Asks the channel for the QR of an attempt, or for the call that the payer's
/// page makes, under the attempt's one number, until the channel has said yes or
/// no. A doubt ends in a query: only proof moves the attempt. A shown code is
/// never sent from here: it was sent once, and is known to nobody any more. What is
/// taken at a drawer is paid when it is recorded.
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
        let payer = match attempt.method.way() {
            Way::Scan => None,
            Way::InApp => payer(app, &mut tx, &attempt).await?,
            Way::Charge | Way::Drawer | Way::Transfer => return tx.done(task).await,
        };
        drop(tx);
        let permit = match app.breakers.enter(&attempt.merchant, attempt.method) {
            Ok(permit) => permit,
            Err(wait) => return task.begin(app).await?.again(task, wait).await,
        };
        let channel = app.channel_of(&attempt)?.as_ref();
        let found = ask(channel, &attempt, payer.as_deref(), permit).await;
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

/// Who pays inside the channel's app. An erased person does not.
async fn payer(app: &App, tx: &mut SystemTx, attempt: &Attempt) -> Result<Option<String>, Error> {
    let missing = || platform::inconsistent("attempts", "a payment in the app without its payer");
    let sealed = store::attempt::payer(tx, attempt.id).await?.ok_or_else(missing)?;
    let opened = app.vault().open(tx, attempt.person_id, PAYER, &sealed).await?;
    Ok(Some(opened.unwrap_or_default()))
}

/// What the channel proves, if anything.
async fn ask(
    channel: &dyn Channel,
    attempt: &Attempt,
    payer: Option<&str>,
    permit: Permit,
) -> Option<Evidence> {
    let order = attempt.order();
    let asked = match payer {
        None => channel.open(&order).await.map(Prompt::Qr),
        Some(payer) => channel.open_in_app(&order, payer).await.map(Prompt::InApp),
    };
    permit.heard(&asked);
    let refusal = match asked {
        Outcome::Succeeded(prompt) => return Some(Evidence::Opened { prompt }),
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
