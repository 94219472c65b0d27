use kernel::to_proto_time;
use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::domain::catalogue::in_force;
use crate::domain::order::{OrderNumber, State};
use crate::{App, store};

/// Tells where an order stands to whoever knows its number, and nothing of
/// the person.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::TrackOrderRequest,
) -> Result<pb::TrackOrderResponse, Error> {
    let number = OrderNumber::parse(&request.order_number).ok_or_else(|| Error::not_found("order"))?;
    let mut tx = app.begin_wide(caller, "an order by its number").await?;
    let id = store::order::by_number(&mut tx, &number)
        .await?
        .ok_or_else(|| Error::not_found("order"))?;
    let order = store::order::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("order"))?;
    let versions = store::catalogue::versions(&mut tx, order.product.as_slice()).await?;
    let name = in_force(&versions, app.clock.now()).map(|v| v.terms.name.clone());
    let theirs = matches!(
        order.state,
        State::InformationNeeded | State::Approved | State::Confirmed
    );
    Ok(pb::TrackOrderResponse {
        order_number: number.to_string(),
        state: show::state(order.state).into(),
        state_since: Some(to_proto_time(order.since)),
        product_name: name.unwrap_or_default(),
        act_by: order.act_by.filter(|_| theirs).map(to_proto_time),
    })
}
