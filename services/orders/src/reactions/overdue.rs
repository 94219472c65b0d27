use kernel::{OrderId, Timestamp};
use platform::{BoxFuture, Error, NewTask, Settled, Task};
use serde::{Deserialize, Serialize};

use crate::domain::order::{Change, State};
use crate::{App, facts, meters, store};

pub const KIND: &str = "overdue";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Standing {
    state: State,
    since: Timestamp,
}

/// The alarm of an order that has come to where the house has to act; none for
/// one that waits for the member, whose deadlines end it, or has ended.
pub fn watch(change: &Change) -> Option<NewTask> {
    let order = &change.order;
    let moved = change.steps.iter().any(|taken| taken.from != Some(taken.to));
    let ours = matches!(
        order.state,
        State::Submitted | State::FirstReviewPassed | State::SentBack | State::InReview | State::Paid
    );
    let standing = Standing {
        state: order.state,
        since: order.since,
    };
    let act_by = order.act_by.filter(|_| moved && ours)?;
    let lane = format!("{} overdue {}", order.id, order.version);
    Some(NewTask::at(KIND, order.id, act_by, &standing).lane(lane))
}

/// Says that an order stands where it stood although somebody should have acted.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let standing: Standing = task.payload()?;
        let mut tx = task.begin(app).await?;
        let order = store::order::lock(&mut tx, OrderId(task.aggregate)).await?;
        if let Some(order) = order.filter(|o| o.state == standing.state && o.since == standing.since) {
            meters::overdue(order.state);
            tx.publish(facts::overdue(&order)).await?;
        }
        tx.done(task).await
    })
}
