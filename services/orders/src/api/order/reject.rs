use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// The review department says no for good.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RejectRequest,
) -> Result<pb::RejectResponse, Error> {
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let reason = super::seal(app, &mut tx, &order, &request.reason).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let change = order.reject(by, &request.policy_version, reason, app.now())?;

    super::record(&mut tx, caller, &change, None).await?;
    tx.commit(pb::RejectResponse {
        order: Some(show::order(&change.order, quote.as_ref(), &[])),
    })
    .await
}
