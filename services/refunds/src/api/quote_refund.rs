use kernel::{Amount, DueId, OrderId, Timestamp};
use platform::{Caller, Error};
use proto::studio::money::v1::Money;
use proto::studio::refunds::v1 as pb;
use sqlx::PgConnection;

use super::{view, words};
use crate::domain::quote::Ask;
use crate::domain::{Order, Quote, Refusal};
use crate::{App, look, store};

/// Calculates what the policy gives, from what order, card and earlier refunds
/// say, and changes nothing.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::QuoteRefundRequest,
) -> Result<pb::QuoteRefundResponse, Error> {
    let ask = ask(
        request.reason(),
        &request.due_id,
        request.requested_amount.as_ref(),
    )?;
    let order = reached(app, caller, OrderId::parse("order_id", &request.order_id)?).await?;

    let mut tx = app.begin(caller).await?;
    let quote = calculate(&mut tx, order.clone(), ask, app.clock.now()).await?;
    Ok(pb::QuoteRefundResponse {
        quote: Some(view::quote(&quote, order.id)),
    })
}

/// The order, unless it lies beyond the caller's reach. Refunds reads as a
/// service, so what the person may see is checked here.
pub async fn reached(app: &App, caller: &Caller, id: OrderId) -> Result<Order, Error> {
    let order = look::order(app, id).await?;
    caller.require_reach("order", order.studio, Some(order.person))?;
    Ok(order)
}

pub fn ask(reason: pb::RefundReason, due_id: &str, requested: Option<&Money>) -> Result<Ask, Error> {
    Ok(Ask {
        reason: words::reason(reason)?,
        due: match due_id {
            "" => None,
            id => Some(DueId::parse("due_id", id)?),
        },
        at_most: requested
            .map(|money| Amount::parse("requested_amount", Some(money)))
            .transpose()?,
    })
}

/// What our own cases have promised counts, also where the order does not know
/// it yet.
pub async fn less_what_we_promised(tx: &mut PgConnection, order: &mut Order) -> Result<(), Error> {
    let taken = store::legs::taken(tx, order.id).await?;
    for due in &mut order.dues {
        due.before = due.before.max(taken.get(&due.id).copied().unwrap_or_default());
    }
    Ok(())
}

/// By the policy that was in force when the order was contracted.
pub async fn calculate(
    tx: &mut PgConnection,
    mut order: Order,
    ask: Ask,
    now: Timestamp,
) -> Result<Quote, Error> {
    less_what_we_promised(tx, &mut order).await?;
    let first_paid = order
        .dues
        .iter()
        .map(|due| due.paid_at)
        .min()
        .ok_or(Refusal::NothingPaid)?;
    let contracted = order.contracted_at.unwrap_or(first_paid);
    let policy = store::policies::in_force(tx, Some(order.legal_entity), contracted).await?;
    Ok(Quote::of(&order, &policy.ok_or(Refusal::NoPolicy)?, ask, now)?)
}
