use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::domain::order::Due;
use crate::{App, facts, reactions, store};

/// Ends an order that is not paid, at once or as soon as the payment under way
/// has an outcome.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CancelRequest,
) -> Result<pb::CancelResponse, Error> {
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let reason = super::seal(app, &mut tx, &order, &request.reason).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let dues = store::due::of_order(&mut tx, order.id).await?;
    let change = order.cancel(reason, dues.iter().any(Due::under_way), app.now())?;

    store::order::save(&mut tx, &change, &caller.into()).await?;
    let order = &change.order;
    for task in reactions::stop_collecting(order, &dues) {
        tx.task(task).await?;
    }
    let dues = reactions::drop_dues(&mut tx, order, dues).await?;
    if let Some(fact) = facts::ended(order, Some(by), None) {
        tx.publish(fact).await?;
    }
    tx.commit(pb::CancelResponse {
        order: Some(show::order(order, quote.as_ref(), &dues)),
    })
    .await
}
