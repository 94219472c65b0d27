use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// Answers one order with its quote and dues, and with why it stands where it does.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetOrderRequest,
) -> Result<pb::GetOrderResponse, Error> {
    let (mut tx, order) = super::read(app, caller, &request.order_id).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let dues = store::due::of_order(&mut tx, order.id).await?;
    let mut shown = show::order(&order, quote.as_ref(), &dues);
    if !order.words.is_nothing() {
        shown.reason = super::open(app, &mut tx, &order, &order.words).await?;
    }
    Ok(pb::GetOrderResponse { order: Some(shown) })
}
