use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// Answers every quote that was issued for an order.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListQuotesRequest,
) -> Result<pb::ListQuotesResponse, Error> {
    let (mut tx, order) = super::read(app, caller, &request.order_id).await?;
    let quotes = store::quote::of_order(&mut tx, order.id).await?;
    Ok(pb::ListQuotesResponse {
        quotes: quotes.iter().map(show::quote).collect(),
    })
}
