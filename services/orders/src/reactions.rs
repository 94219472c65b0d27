//! What follows from others' facts, and the work that waits: one line each.

mod arrived;
mod intent_ended;
pub mod open_card;
pub mod overdue;
mod payment_captured;
pub mod run_out;
pub mod show_qr;
pub mod spend;
pub mod take_back;
mod wallet_spent;

use kernel::{DueId, OrderId};
use platform::{BoxFuture, Delivery, Error, NewTask, Subscription, SystemTx, TaskKind};
use proto::studio::members::v1::MembersEvent;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Paid;
use proto::studio::wallet::v1::WalletEvent;
use proto::studio::wallet::v1::wallet_event::Fact as Moved;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::order::{Due, DueState, Method, Order, State};
use crate::{App, store};

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

/// A payment that was started.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Paying {
    pub due: DueId,
    /// The request that started it.
    pub start: Uuid,
}

/// The remote steps of one order's money happen one after the other, and no
/// timer waits behind them.
pub fn lane(order: OrderId) -> String {
    format!("{order} money")
}

/// What has to be done so that no QR of an order that is being cancelled can
/// be paid. A spend that is under way answers by itself.
pub fn stop_collecting(order: &Order, dues: &[Due]) -> Vec<NewTask> {
    let collected = |due: &&Due| due.under_way() && due.method != Some(Method::Wallet);
    let stop = |due: &Due| {
        let payload = take_back::TakeBack {
            due: due.id,
            spend: None,
        };
        NewTask::now(take_back::KIND, order.id, &payload).lane(lane(order.id))
    };
    if order.state == State::Cancelling {
        dues.iter().filter(collected).map(stop).collect()
    } else {
        Vec::new()
    }
}

/// Takes back what is owed of an order that has ended; answers all its dues.
pub async fn drop_dues(tx: &mut PgConnection, order: &Order, dues: Vec<Due>) -> Result<Vec<Due>, Error> {
    if !matches!(order.state, State::Cancelled | State::Expired) {
        return Ok(dues);
    }
    let mut all = Vec::with_capacity(dues.len());
    for due in dues {
        if due.state == DueState::Open {
            let due = due.cancelled();
            store::due::save(tx, &due).await?;
            all.push(due);
        } else {
            all.push(due);
        }
    }
    Ok(all)
}
