use std::time::Duration;

use kernel::RefundId;
use platform::{BoxFuture, Error, Settled, SystemTx, Task};

use crate::channel::{Channel, Failure, Outcome, RefundOrder, Returned};
use crate::domain::refund::{Followed, Refund, State, Step};
use crate::domain::schedule::{HANGING_LOOK, next_refund_look};
use crate::domain::{Method, Way};
use crate::{App, facts, meters, store};

/// How long after a lack of funds the channel is asked again.
const FUNDS_PAUSE: Duration = Duration::from_mins(1);
/// How often is looked whether a refund at a drawer was fetched in time.
const DRAWER_LOOK: Duration = Duration::from_hours(1);
/// How often is looked whether a refund by bank was recorded.
const TRANSFER_LOOK: Duration = Duration::from_hours(6);

/// Has a refund sent and follows it to its end, under its one number. That the
/// channel accepted it is no end; that it does not know the number means send
/// again.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = RefundId(task.aggregate);
        let mut tx = task.begin(app).await?;
        let refund = store::refund::lock(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("refund"))?;
        if refund.state.is_final() {
            return tx.done(task).await;
        }
        let payment = store::payment::get(&mut tx, refund.payment_id)
            .await?
            .ok_or_else(|| platform::inconsistent("refunds", "a refund without its payment"))?;
        match payment.method.way() {
            Way::Drawer => return await_person(app, task, tx, &refund, payment.method).await,
            // finance sends it by bank and says so: were it given up meanwhile, it could go back twice
            Way::Transfer => return tx.again(task, TRANSFER_LOOK).await,
            Way::Scan | Way::InApp | Way::Charge => {}
        }
        let first = refund.state == State::Reserved;
        if first {
            // from here on the channel may have it
            store::refund::save_state(&mut tx, &refund.take(Step::Submit)?).await?;
            tx.keep(task).await?;
        } else {
            drop(tx);
        }
        let channel = app.channel(&payment.merchant, payment.method)?.as_ref();
        let order = refund.order(&payment);
        let outcome = if refund.state == State::Abnormal {
            // the channel has it; to send it again is for the person who acts there
            channel.query_refund(&order).await
        } else {
            pursue(channel, &order, first).await
        };
        settle(app, task, id, payment.method, outcome).await
    })
}

/// A refund of money that was taken at a drawer is paid there by a person. One
/// that nobody fetches in time bounces, so that whoever asked sends it another way.
async fn await_person(
    app: &App,
    task: &Task,
    tx: SystemTx,
    refund: &Refund,
    method: Method,
) -> Result<Settled, Error> {
    if app.clock.now() - refund.created_at < app.config.refunds.drawer_wait() {
        return tx.again(task, DRAWER_LOOK).await;
    }
    drop(tx);
    let late = Outcome::Failed(Failure::for_good("NOT_FETCHED"));
    settle(app, task, refund.id, method, late).await
}

/// Asks what became of a refund, and sends it if the channel knows nothing by
/// its number. A refusal is believed when afterwards there is still nothing.
pub async fn pursue(channel: &dyn Channel, order: &RefundOrder, first: bool) -> Outcome<Returned> {
    if !first {
        match channel.query_refund(order).await {
            Outcome::NotFound => {}
            known => return known,
        }
    }
    match channel.refund(order).await {
        Outcome::Failed(failure) => match channel.query_refund(order).await {
            Outcome::NotFound => Outcome::Failed(failure),
            known => known,
        },
        other => other,
    }
}

async fn settle(
    app: &App,
    task: &Task,
    id: RefundId,
    method: Method,
    outcome: Outcome<Returned>,
) -> Result<Settled, Error> {
    let now = app.clock.now();
    let mut tx = task.begin(app).await?;
    let refund = store::refund::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    let said = said(&outcome);
    match refund.follow(outcome, app.config.refunds.funds_patience(), now)? {
        Followed::Over => tx.done(task).await,
        Followed::Succeeded { refund, at } => {
            store::refund::save_state(&mut tx, &refund).await?;
            store::payment::settle(&mut tx, refund.payment_id, refund.amount).await?;
            tx.publish(facts::refund_succeeded(&refund, at)).await?;
            tx.done(task).await
        }
        Followed::Waits(refund) => {
            tracing::error!(refund.id = %id, code = said, "the channel lacks funds for a refund; it waits");
            store::refund::save_state(&mut tx, &refund).await?;
            tx.again(task, FUNDS_PAUSE).await
        }
        Followed::Bounced { refund, why } => {
            store::refund::save_state(&mut tx, &refund).await?;
            store::payment::release(&mut tx, refund.payment_id, refund.amount).await?;
            tx.publish(facts::refund_bounced(&refund, &why)).await?;
            tx.done(task).await
        }
        Followed::Hangs(anew) => {
            tracing::error!(refund.id = %id, number = %refund.number, word = said, "a refund hangs at the channel; a person has to act there");
            if let Some(refund) = anew {
                hang(&mut tx, &refund).await?;
            }
            tx.again(task, HANGING_LOOK).await
        }
        Followed::Open if refund.state == State::Abnormal => tx.again(task, HANGING_LOOK).await,
        Followed::Open => {
            tx.again(task, next_refund_look(now - refund.created_at, method))
                .await
        }
    }
}

/// The channel's own word.
fn said(outcome: &Outcome<Returned>) -> String {
    match outcome {
        Outcome::Failed(failure) => failure.code.clone(),
        Outcome::NeedsPerson(word) => word.clone(),
        Outcome::Succeeded(_) | Outcome::Pending | Outcome::Unknown(_) | Outcome::NotFound => String::new(),
    }
}

async fn hang(tx: &mut SystemTx, refund: &Refund) -> Result<(), Error> {
    store::refund::save_state(tx, refund).await?;
    meters::refund_hangs();
    tx.publish(facts::refund_abnormal(refund)).await
}
