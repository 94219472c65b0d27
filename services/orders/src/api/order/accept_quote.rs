use platform::{Caller, Claim, Error, inconsistent};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::domain::order::{Deadline, Due};
use crate::reactions::run_out;
use crate::{App, facts, store};

/// The member accepts quote and terms; from now on the price is due.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AcceptQuoteRequest,
) -> Result<pb::AcceptQuoteResponse, Error> {
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let Some(quote) = store::quote::standing(&mut tx, &order).await? else {
        return Err(Error::wrong_state("order", order.state.as_str()));
    };
    let change = order.accept(
        &quote,
        &request.quote_hash,
        &request.terms_version,
        &request.proof,
        app.now(),
    )?;

    let order = &change.order;
    let pay_by = order.pay_by.ok_or_else(|| inconsistent("orders", "pay_by"))?;
    let due = Due::new(order, 1, quote.amount, pay_by);
    super::record(&mut tx, caller, &change, Some(&quote)).await?;
    store::due::insert(&mut tx, order, &due).await?;
    tx.task(run_out::timer(order.id, Deadline::Payment, pay_by))
        .await?;
    let dues = [due];
    tx.publish(facts::confirmed(order, &quote, &dues)).await?;
    tx.commit(pb::AcceptQuoteResponse {
        order: Some(show::order(order, Some(&quote), &dues)),
    })
    .await
}
