use kernel::{DueId, OrderId, derived_uuid};
use platform::{BoxFuture, Error, Settled, Task};
use proto::studio::payments::v1::CancelIntentRequest;

use super::show_qr;
use crate::domain::order::{Due, News, No, TakeBack};
use crate::{App, store};

pub const KIND: &str = "take_back";

/// Takes a QR back at payments. Once payments has agreed no money follows for
/// it, so the order can end or be paid another way.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let gone: TakeBack = task.payload()?;
        match cancel(app, task, gone.due).await {
            Ok(()) => {}
            Err(error) => match error.definite_no().as_deref().map(No::to_take_back) {
                Some(No::PaidAlready) => return task.begin(app).await?.done(task).await,
                Some(No::Over) => {}
                Some(No::NotYet | No::Refused) | None => return task.ask_again(app, error).await,
            },
        }
        let mut tx = task.begin(app).await?;
        super::learn(app, &mut tx, OrderId(task.aggregate), News::Released(gone)).await?;
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
