use kernel::ProductId;
use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::{App, store};

/// Changes an application that is not submitted.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AmendApplicationRequest,
) -> Result<pb::AmendApplicationResponse, Error> {
    let product = sale::optional(&request.product_id, |id| ProductId::parse("product_id", id))?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    sale::check_known(&mut tx, product).await?;
    let change = order.amend(request.version, product, app.now())?;

    let needs = match request.needs.trim() {
        "" => None,
        needs => Some(
            app.vault()
                .seal(&mut tx, change.order.person, super::NEEDS, needs)
                .await?,
        ),
    };
    store::order::save_with_needs(&mut tx, &change, needs.as_ref(), &caller.into()).await?;
    tx.commit(pb::AmendApplicationResponse {
        order: Some(show::order(&change.order, None, &[])),
    })
    .await
}
