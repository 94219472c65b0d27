use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// The member declines, or asks for another quote.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::DeclineQuoteRequest,
) -> Result<pb::DeclineQuoteResponse, Error> {
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let reason = super::seal(app, &mut tx, &order, &request.reason).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let change = order.decline(request.change_wanted, reason, app.now())?;

    super::record(&mut tx, caller, &change, None).await?;
    tx.commit(pb::DeclineQuoteResponse {
        order: Some(show::order(&change.order, quote.as_ref(), &[])),
    })
    .await
}
