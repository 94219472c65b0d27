use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// Answers one order with its quote and dues.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetOrderRequest,
) -> Result<pb::GetOrderResponse, Error> {
    let (mut tx, order) = super::read(app, caller, &request.order_id).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let dues = store::due::of_order(&mut tx, order.id).await?;
    Ok(pb::GetOrderResponse {
        order: Some(show::order(&order, quote.as_ref(), &dues)),
    })
}
