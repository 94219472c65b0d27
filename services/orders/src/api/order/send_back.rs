use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// The review department returns an order to customer service.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SendBackRequest,
) -> Result<pb::SendBackResponse, Error> {
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let reason = super::seal(app, &mut tx, &order, &request.reason).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let change = order.send_back(by, &request.policy_version, reason, app.now())?;

    super::record(&mut tx, caller, &change, None).await?;
    tx.commit(pb::SendBackResponse {
        order: Some(show::order(&change.order, quote.as_ref(), &[])),
    })
    .await
}
