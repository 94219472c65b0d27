use kernel::{OrderId, Timestamp, derived_uuid, from_proto_time};
use platform::{BoxFuture, Error, Settled, Task};
use proto::studio::wallet::v1::SpendRequest;

use super::end_with;
use crate::domain::order::{Due, Method, Money, News, No, Order, Paying};
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
        .find(|due| due.waits_for(paying, Method::Wallet));
    Ok(due.map(|due| (order, due)))
}

async fn spent(app: &App, task: &Task, due: &Due, at: Timestamp) -> Result<Settled, Error> {
    let money = Money {
        method: Method::Wallet,
        payment: None,
        amount: due.amount,
        paid_at: at,
    };
    let due = due.id;
    end_with(app, task, News::Arrived { due, money }).await
}

async fn refused(app: &App, task: &Task, paying: Paying, due: &Due, error: Error) -> Result<Settled, Error> {
    let Some(why) = error.definite_no() else {
        return task.ask_again(app, error).await;
    };
    match No::to_spend(&why) {
        No::PaidAlready => spent(app, task, due, app.clock.now()).await,
        No::NotYet => task.ask_again(app, error).await,
        No::Over | No::Refused => {
            let method = Method::Wallet;
            end_with(app, task, News::Refused { paying, method, why }).await
        }
    }
}
