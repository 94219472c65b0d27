use kernel::{OrderId, Timestamp, derived_uuid, from_proto_time};
use platform::{BoxFuture, Error, Settled, Task};
use proto::studio::wallet::v1::SpendRequest;

use super::{Paying, arrived, show_qr};
use crate::domain::order::{Due, DueState, Method, Money, Order};
use crate::{App, store};

pub const KIND: &str = "spend";

/// Takes a due out of the member's wallet. The id follows from due and request,
/// so asking again after a silence moves nothing twice.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let paying: Paying = task.payload()?;
        let Some((order, due)) = current(app, task, paying).await? else {
            return task.begin(app).await?.done(task).await;
        };
        let request = SpendRequest {
            request_id: derived_uuid(due.id.0, &format!("spend {}", paying.start)).to_string(),
            person_id: order.person.to_string(),
            due_id: due.id.to_string(),
            order_id: order.id.to_string(),
            amount: Some(due.amount.into()),
            studio_id: order.studio.to_string(),
            acting_person_id: order.person.to_string(),
        };
        match app.wallet.clone().spend(platform::request(request)).await {
            Ok(reply) => {
                let at = from_proto_time(reply.into_inner().spent_at.as_ref());
                spent(app, task, &due, at.unwrap_or_else(|| app.clock.now())).await
            }
            Err(status) => refused(app, task, paying, &due, status.into()).await,
        }
    })
}

async fn current(app: &App, task: &Task, paying: Paying) -> Result<Option<(Order, Due)>, Error> {
    let mut tx = task.begin(app).await?;
    let id = OrderId(task.aggregate);
    let Some(order) = store::order::find(&mut tx, id).await? else {
        return Ok(None);
    };
    let due = store::due::of_order(&mut tx, id)
        .await?
        .into_iter()
        .find(|due| counts(due, paying));
    Ok(due.map(|due| (order, due)))
}

fn counts(due: &Due, paying: Paying) -> bool {
    due.id == paying.due
        && due.state == DueState::Paying
        && due.method == Some(Method::Wallet)
        && due.start == Some(paying.start)
}

async fn spent(app: &App, task: &Task, due: &Due, at: Timestamp) -> Result<Settled, Error> {
    let money = Money {
        method: Method::Wallet,
        payment: None,
        amount: due.amount,
        paid_at: at,
    };
    let mut tx = task.begin(app).await?;
    arrived::record(app, &mut tx, due.order, due.id, &money).await?;
    tx.done(task).await
}

async fn refused(app: &App, task: &Task, paying: Paying, due: &Due, error: Error) -> Result<Settled, Error> {
    let Some(reason) = error.definite_no() else {
        return task.ask_again(app, error).await;
    };
    // Only we spend for this due, and never for another amount: it is paid.
    if reason == "DUE_ALREADY_PAID" {
        return spent(app, task, due, app.clock.now()).await;
    }
    // The wallet may learn of a new studio a moment later than we do.
    if reason == "STUDIO_UNKNOWN" {
        return task.ask_again(app, error).await;
    }
    let mut tx = task.begin(app).await?;
    if let Some(order) = store::order::lock(&mut tx, due.order).await? {
        let due = store::due::of_order(&mut tx, due.order)
            .await?
            .into_iter()
            .find(|due| counts(due, paying));
        if let Some(due) = due {
            show_qr::refuse(app, &mut tx, order, due, &reason).await?;
        }
    }
    tx.done(task).await
}
