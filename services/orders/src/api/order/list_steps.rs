use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// Answers everything that happened to an order.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListStepsRequest,
) -> Result<pb::ListStepsResponse, Error> {
    let (mut tx, order) = super::read(app, caller, &request.order_id).await?;
    let mut steps = Vec::new();
    for kept in store::step::of_order(&mut tx, order.id).await? {
        let words = super::open(app, &mut tx, &order, &kept.words).await?;
        steps.push(show::step(&kept, words));
    }
    Ok(pb::ListStepsResponse { steps })
}
