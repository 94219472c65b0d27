use kernel::{DueId, OrderId, derived_uuid};
use platform::{BoxFuture, Error, NewTask, Settled, SystemTx, Task};
use proto::studio::payments::v1::CancelIntentRequest;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Paying, show_qr, spend};
use crate::domain::order::{Due, Method, Order, State};
use crate::store::step::Actor;
use crate::{App, facts, store};

pub const KIND: &str = "take_back";

/// A due whose QR is taken back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct TakeBack {
    pub due: DueId,
    /// The request that pays from the wallet instead.
    pub spend: Option<Uuid>,
}

/// Takes a QR back at payments. Once payments has agreed no money follows for
/// it, so the order can end or be paid another way.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let wanted: TakeBack = task.payload()?;
        match cancel(app, task, wanted.due).await {
            Ok(()) => {}
            Err(error) => match error.definite_no().as_deref() {
                // The money was faster; payments' fact brings it.
                Some("ALREADY_PAID") => return task.begin(app).await?.done(task).await,
                // Nothing was ever collected for it, and nothing can be.
                Some("EXPIRES_TOO_SOON" | "NO_MERCHANT" | "NOT_FOUND") => {}
                _ => return task.ask_again(app, error).await,
            },
        }
        let mut tx = task.begin(app).await?;
        released(app, &mut tx, OrderId(task.aggregate), wanted.due, wanted.spend).await?;
        tx.done(task).await
    })
}

async fn cancel(app: &App, task: &Task, due: DueId) -> Result<(), Error> {
    let id = OrderId(task.aggregate);
    let mut tx = task.begin(app).await?;
    let order = store::order::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("order"))?;
    let due = store::due::of_order(&mut tx, id)
        .await?
        .into_iter()
        .find(|d| d.id == due);
    drop(tx);
    let Some(due) = due.filter(Due::under_way) else {
        return Ok(());
    };
    let intent = show_qr::create_intent(app, task, &order, &due).await?;
    let request = CancelIntentRequest {
        request_id: derived_uuid(due.id.0, "take back").to_string(),
        intent_id: intent.to_string(),
    };
    app.intents
        .clone()
        .cancel_intent(platform::request(request))
        .await?;
    Ok(())
}

/// No QR of this due can be paid any more: an order that waited for that ends;
/// one that is still to be paid gets another due in its place, paid from the
/// wallet when that was asked for.
pub async fn released(
    app: &App,
    tx: &mut SystemTx,
    order: OrderId,
    due: DueId,
    spend: Option<Uuid>,
) -> Result<(), Error> {
    let order = store::order::lock(tx, order)
        .await?
        .ok_or_else(|| Error::not_found("order"))?;
    let dues = store::due::of_order(tx, order.id).await?;
    let by_qr = |d: &&Due| d.id == due && d.is_owed() && d.method != Some(Method::Wallet);
    if let Some(due) = dues.iter().find(by_qr) {
        store::due::save(tx, &due.clone().cancelled()).await?;
    }
    let dues = store::due::of_order(tx, order.id).await?;
    match order.state {
        State::Cancelling if !dues.iter().any(Due::under_way) => end(app, tx, order, dues).await,
        State::Confirmed => owe_again(app, tx, &order, &dues, due, spend).await,
        _ => Ok(()),
    }
}

async fn end(app: &App, tx: &mut SystemTx, order: Order, dues: Vec<Due>) -> Result<(), Error> {
    let change = order.close(app.now())?;
    store::order::save(tx, &change, &Actor::system()).await?;
    super::drop_dues(tx, &change.order, dues).await?;
    match facts::ended(&change.order, None, None) {
        Some(fact) => tx.publish(fact).await,
        None => Ok(()),
    }
}

async fn owe_again(
    app: &App,
    tx: &mut SystemTx,
    order: &Order,
    dues: &[Due],
    gone: DueId,
    spend: Option<Uuid>,
) -> Result<(), Error> {
    let Some(gone) = dues.iter().find(|d| d.id == gone) else {
        return Ok(());
    };
    let due = match dues.iter().find(|d| d.is_owed()) {
        Some(due) => due.clone(),
        None if gone.pay_by <= app.clock.now() => return Ok(()),
        None => {
            let number = dues.iter().map(|d| d.number).max().unwrap_or_default() + 1;
            let due = Due::new(order, number, gone.amount, gone.pay_by);
            store::due::insert(tx, order, &due).await?;
            due
        }
    };
    let Some(start) = spend.filter(|_| !due.under_way()) else {
        return Ok(());
    };
    let due = due.paying(Method::Wallet, start);
    store::due::save(tx, &due).await?;
    let task = NewTask::now(spend::KIND, order.id, &Paying { due: due.id, start });
    tx.task(task.lane(super::lane(order.id))).await
}
