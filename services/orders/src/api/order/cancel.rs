use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::domain::order::{News, decide};
use crate::{App, store};

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
    let decided = decide(order, &dues, News::Cancelled { by, reason }, app.now())?;

    super::carry_out(&mut tx, caller, &decided).await?;
    let dues = decided.dues_after(&dues);
    tx.commit(pb::CancelResponse {
        order: Some(show::order(&decided.order, quote.as_ref(), &dues)),
    })
    .await
}
