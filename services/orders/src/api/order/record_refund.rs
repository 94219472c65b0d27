use kernel::{Amount, DueId, RefundCaseId};
use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::domain::Refusal;
use crate::domain::order::{Due, Order, Quote, share_refund};
use crate::store::refund::Recorded;
use crate::{App, facts, store};

/// Writes down that money went back, once for each refund case.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RecordRefundRequest,
) -> Result<pb::RecordRefundResponse, Error> {
    let case = RefundCaseId::parse("case_id", &request.case_id)?;
    let amount = Amount::parse("amount", request.amount.as_ref())?;
    let named = sale::optional(&request.due_id, |id| DueId::parse("due_id", id))?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let dues = store::due::of_order(&mut tx, order.id).await?;
    let wanted = Recorded {
        order: order.id,
        due: named,
        amount_minor: amount.minor(),
    };
    match store::refund::find(&mut tx, case).await? {
        None => {}
        Some(recorded) if recorded == wanted => {
            return tx.commit(reply(&order, quote.as_ref(), &dues)).await;
        }
        Some(_) => return Err(Refusal::RefundDiffers.into()),
    }
    let change = order.record_refund(case, amount, app.now())?;
    for due in share_refund(&dues, named, amount)? {
        store::due::save(&mut tx, &due).await?;
    }

    let order = &change.order;
    store::refund::insert(&mut tx, order, case, named, amount, app.clock.now()).await?;
    store::order::save(&mut tx, &change, &caller.into()).await?;
    tx.publish(facts::refund_recorded(order, case, amount)).await?;
    let dues = store::due::of_order(&mut tx, order.id).await?;
    tx.commit(reply(order, quote.as_ref(), &dues)).await
}

fn reply(order: &Order, quote: Option<&Quote>, dues: &[Due]) -> pb::RecordRefundResponse {
    pb::RecordRefundResponse {
        order: Some(show::order(order, quote, dues)),
    }
}
