use aws_lc_rs::rand;
use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::domain::order::OrderNumber;
use crate::{App, store};

/// Submits a complete draft and gives it its number.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ConfirmApplicationRequest,
) -> Result<pb::ConfirmApplicationResponse, Error> {
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let has_needs = store::order::needs(&mut tx, order.id).await?.is_some();
    let change = order.submit(request.version, has_needs, fresh_number()?, app.now())?;
    if let Some(product) = change.order.product {
        sale::on_sale(app, &mut tx, product, change.order.studio).await?;
    }

    super::record(&mut tx, caller, &change, None).await?;
    tx.commit(pb::ConfirmApplicationResponse {
        order: Some(show::order(&change.order, None, &[])),
    })
    .await
}

fn fresh_number() -> Result<OrderNumber, Error> {
    let mut bytes = [0; 12];
    rand::fill(&mut bytes).map_err(|_| Error::Internal("no randomness".to_owned()))?;
    Ok(OrderNumber::from_random(bytes))
}
