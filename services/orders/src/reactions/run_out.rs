use kernel::{OrderId, Timestamp};
use platform::{BoxFuture, Error, NewTask, Settled, Task};
use serde::{Deserialize, Serialize};

use crate::domain::order::{Change, Deadline, Due};
use crate::store::step::Actor;
use crate::{App, facts, store};

pub const KIND: &str = "run_out";

/// A deadline of an order.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RunOut {
    pub deadline: Deadline,
}

/// The timer of a deadline, in a lane of its own: no other waits behind it.
pub fn timer(order: OrderId, deadline: Deadline, at: Timestamp) -> NewTask {
    let lane = format!("{order} {} {}", deadline.as_str(), at.timestamp_micros());
    NewTask::at(KIND, order, at, &RunOut { deadline }).lane(lane)
}

/// A deadline is reached: ends the order if it still stands where the deadline
/// was set and has no more time by now.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let RunOut { deadline } = task.payload()?;
        let now = app.now();
        let mut tx = task.begin(app).await?;
        let Some(order) = store::order::lock(&mut tx, OrderId(task.aggregate)).await? else {
            return tx.done(task).await;
        };
        if deadline == Deadline::Quote {
            let quote = store::quote::standing(&mut tx, &order).await?;
            if quote.is_none_or(|quote| quote.valid_until > now.at) {
                return tx.done(task).await;
            }
        }
        let dues = store::due::of_order(&mut tx, order.id).await?;
        let under_way = dues.iter().any(Due::under_way);
        let Some(change) = order.run_out(deadline, under_way, now)? else {
            return tx.done(task).await;
        };
        record(&mut tx, &change, dues, deadline).await?;
        tx.done(task).await
    })
}

async fn record(
    tx: &mut platform::SystemTx,
    change: &Change,
    dues: Vec<Due>,
    deadline: Deadline,
) -> Result<(), Error> {
    let order = &change.order;
    store::order::save(tx, change, &Actor::system()).await?;
    for task in super::stop_collecting(order, &dues) {
        tx.task(task).await?;
    }
    super::drop_dues(tx, order, dues).await?;
    if let Some(alarm) = super::overdue::watch(change) {
        tx.task(alarm).await?;
    }
    for fact in facts::of(change, None) {
        tx.publish(fact).await?;
    }
    match facts::ended(order, None, Some(deadline)) {
        Some(fact) => tx.publish(fact).await,
        None => Ok(()),
    }
}
