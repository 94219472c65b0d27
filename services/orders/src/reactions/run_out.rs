use kernel::{OrderId, Timestamp};
use platform::{BoxFuture, Error, NewTask, Settled, Task};
use serde::{Deserialize, Serialize};

use crate::domain::order::{Deadline, News};
use crate::{App, store};

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
        super::learn(app, &mut tx, order.id, News::RanOut(deadline)).await?;
        tx.done(task).await
    })
}
