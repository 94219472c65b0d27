use platform::{Caller, Claim, Error, inconsistent};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::domain::order::Deadline;
use crate::reactions::run_out;
use crate::{App, store};

/// The review department approves exactly the quote that was read.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ApproveRequest,
) -> Result<pb::ApproveResponse, Error> {
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let reason = super::seal(app, &mut tx, &order, &request.reason).await?;
    let Some(quote) = store::quote::standing(&mut tx, &order).await? else {
        return Err(Error::wrong_state("order", order.state.as_str()));
    };
    let change = order.approve(
        by,
        &request.quote_hash,
        &request.policy_version,
        reason,
        &quote,
        app.now(),
    )?;

    let due = change
        .order
        .accept_by
        .ok_or_else(|| inconsistent("orders", "accept_by"))?;
    tx.task(run_out::timer(change.order.id, Deadline::Acceptance, due))
        .await?;
    super::record(&mut tx, caller, &change, Some(&quote)).await?;
    tx.commit(pb::ApproveResponse {
        order: Some(show::order(&change.order, Some(&quote), &[])),
    })
    .await
}
