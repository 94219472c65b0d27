//! Money that arrived for an order, however we learned of it.

use kernel::{DueId, OrderId};
use platform::{Error, NewTask, SystemTx};
use serde::{Deserialize, Serialize};

use super::open_card;
use crate::domain::order::{Arrival, Cause, Change, Due, Money, State, arrive};
use crate::store::step::Actor;
use crate::{App, facts, store};

/// Records money for a due; harmless when it is known.
pub async fn record(
    app: &App,
    tx: &mut SystemTx,
    order_id: OrderId,
    due: DueId,
    money: &Money,
) -> Result<(), Error> {
    let order = store::order::lock(tx, order_id)
        .await?
        .ok_or_else(|| Error::not_found("order"))?;
    let dues = store::due::of_order(tx, order_id).await?;
    match arrive(order, &dues, due, money, app.now())? {
        Arrival::Known => Ok(()),
        Arrival::Paid { change, due } => paid(tx, &change, &due).await,
        Arrival::TooLate { change, due, cause } => {
            store::due::save(tx, &due).await?;
            cannot_use(tx, &change, &due, cause).await
        }
        Arrival::Surplus {
            change,
            due,
            fresh,
            cause,
        } => {
            if fresh {
                store::due::insert(tx, &change.order, &due).await?;
            } else {
                store::due::save(tx, &due).await?;
            }
            cannot_use(tx, &change, &due, cause).await
        }
    }
}

async fn paid(tx: &mut SystemTx, change: &Change, due: &Due) -> Result<(), Error> {
    let order = &change.order;
    store::due::save(tx, due).await?;
    store::order::save(tx, change, &Actor::system()).await?;
    if order.state != State::Paid {
        return Ok(());
    }
    tx.publish(facts::paid(order, due)).await?;
    if let Some(alarm) = super::overdue::watch(change) {
        tx.task(alarm).await?;
    }
    let task = NewTask::now(open_card::KIND, order.id, &Nothing {});
    tx.task(
        task.lane(format!("{} card", order.id))
            .once(format!("open card {}", order.id)),
    )
    .await
}

async fn cannot_use(tx: &mut SystemTx, change: &Change, due: &Due, cause: Cause) -> Result<(), Error> {
    store::order::save(tx, change, &Actor::system()).await?;
    tx.publish(facts::unfulfillable(&change.order, due, cause)).await
}

/// A task that needs to know its order only.
#[derive(Serialize, Deserialize)]
struct Nothing {}
