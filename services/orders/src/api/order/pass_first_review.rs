use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::{App, store};

/// Customer service passes an application, and the system quotes.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::PassFirstReviewRequest,
) -> Result<pb::PassFirstReviewResponse, Error> {
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let note = super::seal(app, &mut tx, &order, &request.note).await?;
    order.may_pass_first_review(by, app.now())?;
    let quote = sale::issue(app, &mut tx, &order).await?;
    let change = order.pass_first_review(by, note, &quote, app.now())?;

    store::quote::insert(&mut tx, &change.order, &quote).await?;
    sale::watch(&mut tx, &quote).await?;
    super::record(&mut tx, caller, &change, Some(&quote)).await?;
    tx.commit(pb::PassFirstReviewResponse {
        order: Some(show::order(&change.order, Some(&quote), &[])),
    })
    .await
}
