use platform::{Caller, Claim, Error, WriteTx, inconsistent};
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::domain::order::{Order, Quote};
use crate::{App, store};

/// Hands an order to the review department, with a new quote where the old one
/// no longer holds.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SubmitForApprovalRequest,
) -> Result<pb::SubmitForApprovalResponse, Error> {
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    order.may_be_submitted(app.now())?;
    let standing = store::quote::standing(&mut tx, &order).await?;
    let standing = standing.ok_or_else(|| inconsistent("orders", "quote_id"))?;
    let fresh = renewed(app, &mut tx, &order, &standing).await?;
    let change = order.submit_for_approval(by, fresh.as_ref(), app.now())?;

    if let Some(quote) = &fresh {
        store::quote::insert(&mut tx, &change.order, quote).await?;
        sale::watch(&mut tx, quote).await?;
    }
    let quote = fresh.unwrap_or(standing);
    super::record(&mut tx, caller, &change, Some(&quote)).await?;
    tx.commit(pb::SubmitForApprovalResponse {
        order: Some(show::order(&change.order, Some(&quote), &[])),
    })
    .await
}

/// A new quote when the standing one ran out or what it was made from has
/// changed since.
async fn renewed(
    app: &App,
    tx: &mut WriteTx,
    order: &Order,
    standing: &Quote,
) -> Result<Option<Quote>, Error> {
    let quote = sale::issue(app, tx, order).await?;
    let same = quote.version == standing.version && quote.terms_version == standing.terms_version;
    Ok(if same && standing.valid_until > app.clock.now() {
        None
    } else {
        Some(quote)
    })
}
