use kernel::{DueId, OrderId, RefundCaseId};
use platform::{BoxFuture, Error, NewTask, Settled, SystemTx, Task};
use proto::studio::orders::v1::OrderUnfulfillable;
use serde::{Deserialize, Serialize};

use crate::api::open_case::Opening;
use crate::api::said;
use crate::domain::Quote;
use crate::domain::policy::Reason;
use crate::{App, facts, look, store};

pub const KIND: &str = "open_undelivered";

#[derive(Serialize, Deserialize)]
struct Payload {
    order: OrderId,
    due: DueId,
    why: String,
}

/// Money that bought nothing has to go back: a task opens the case, since the
/// order has to be read first.
pub async fn react(tx: &mut SystemTx, fact: &OrderUnfulfillable) -> Result<(), Error> {
    let (order, due) = (
        OrderId::parse("order_id", &fact.order_id)?,
        DueId::parse("due_id", &fact.due_id)?,
    );
    let why = fact.cause().as_str_name().to_owned();
    tx.task(NewTask::now(KIND, order, &Payload { order, due, why }).once(format!("undelivered {due}")))
        .await
}

/// Opens the case of the system. Its id follows from the due, so it is opened
/// once; another person still approves it.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Payload { order, due, why } = task.payload()?;
        let id = RefundCaseId::derived(due, "undelivered");
        let order = match look::order(app, order).await {
            Err(error) if error.definite_no().is_none() => return task.ask_again(app, error).await,
            order => order?,
        };

        let mut tx = task.begin(app).await?;
        if store::cases::find(&mut tx, id).await?.is_none() {
            let quote = Quote::undelivered(&order, due)?;
            let opening = Opening {
                id,
                at: app.clock.now(),
                due: Some(due),
                reason: Reason::NotDelivered,
                explanation: said::explanation(app, &mut tx, order.person, &why).await?,
                by: None,
            };
            let case = opening.case(app, &order, quote)?;
            store::cases::insert(&mut tx, &case).await?;
            tx.publish(facts::requested(&case)).await?;
        }
        tx.done(task).await
    })
}
