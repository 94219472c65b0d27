//! What follows from others' facts, and the work that waits: one line each.

mod intent_ended;
pub mod open_card;
pub mod overdue;
mod payment_captured;
pub mod run_out;
pub mod show_qr;
pub mod spend;
pub mod take_back;
mod wallet_spent;

use kernel::OrderId;
use platform::{BoxFuture, Delivery, Error, NewTask, Settled, Subscription, SystemTx, Task, TaskKind};
use proto::studio::members::v1::MembersEvent;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Paid;
use proto::studio::wallet::v1::WalletEvent;
use proto::studio::wallet::v1::wallet_event::Fact as Moved;

use crate::domain::order::{Decided, News, Next, decide};
use crate::store::step::Actor;
use crate::{App, facts, store};

pub fn subscriptions() -> Vec<Subscription<App>> {
    vec![
        Subscription::to::<MembersEvent>("members", members),
        Subscription::to::<PaymentsEvent>("payments", payments),
        Subscription::to::<WalletEvent>("wallet", wallet),
    ]
}

pub fn tasks() -> Vec<TaskKind<App>> {
    vec![
        TaskKind::new(show_qr::KIND, show_qr::run),
        TaskKind::new(spend::KIND, spend::run),
        TaskKind::new(take_back::KIND, take_back::run),
        TaskKind::new(open_card::KIND, open_card::run),
        TaskKind::new(run_out::KIND, run_out::run),
        TaskKind::new(overdue::KIND, overdue::run),
    ]
}

/// Platform itself keeps the organisation and shreds keys; orders adds nothing.
fn members<'a>(
    _: &'a App,
    _: &'a mut SystemTx,
    _: &'a Delivery<MembersEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async { Ok(()) })
}

fn payments<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<PaymentsEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Paid::PaymentCaptured(fact)) => payment_captured::react(app, tx, fact).await,
            Some(Paid::IntentExpired(fact)) => {
                intent_ended::react(app, tx, fact.purpose(), &fact.due_id).await
            }
            Some(Paid::IntentCancelled(fact)) => {
                intent_ended::react(app, tx, fact.purpose(), &fact.due_id).await
            }
            _ => Ok(()),
        }
    })
}

fn wallet<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<WalletEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Moved::WalletSpent(fact)) => wallet_spent::react(app, tx, fact, delivery.occurred_at).await,
            _ => Ok(()),
        }
    })
}

/// The remote steps of one order's money happen one after the other, and no
/// timer waits behind them.
fn lane(order: OrderId) -> String {
    format!("{order} money")
}

/// Decides about news of an order's payment under its lock, and has it carried
/// out. News about an order that nobody has is a fault, as it is about money.
pub async fn learn(app: &App, tx: &mut SystemTx, order: OrderId, news: News) -> Result<(), Error> {
    let order = store::order::lock(tx, order)
        .await?
        .ok_or_else(|| Error::not_found("order"))?;
    let dues = store::due::of_order(tx, order.id).await?;
    let decided = decide(order, &dues, news, app.now())?;
    store::order::keep(tx, &decided, &Actor::system()).await?;
    for task in tasks_of(&decided) {
        tx.task(task).await?;
    }
    for fact in facts::of_decided(&decided) {
        tx.publish(fact).await?;
    }
    Ok(())
}

/// A task that ends with news of its order.
async fn end_with(app: &App, task: &Task, news: News) -> Result<Settled, Error> {
    let mut tx = task.begin(app).await?;
    learn(app, &mut tx, OrderId(task.aggregate), news).await?;
    tx.done(task).await
}

/// The work that a decision leaves.
pub fn tasks_of(decided: &Decided) -> Vec<NewTask> {
    let order = decided.order.id;
    let next = decided.next.iter().filter_map(|next| match next {
        Next::ShowQr(paying) => Some(NewTask::now(show_qr::KIND, order, paying).lane(lane(order))),
        Next::Spend(paying) => Some(NewTask::now(spend::KIND, order, paying).lane(lane(order))),
        Next::TakeBack(gone) => Some(NewTask::now(take_back::KIND, order, gone).lane(lane(order))),
        Next::OpenCard => Some(open_card::task(order)),
        Next::TellPaid(_) | Next::TellUnusable(..) | Next::TellFulfilled | Next::TellEnded { .. } => None,
    });
    let alarm = decided.change.as_ref().and_then(overdue::watch);
    next.chain(alarm).collect()
}
