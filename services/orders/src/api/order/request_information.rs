use platform::{Caller, Claim, Error, inconsistent};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::domain::order::Deadline;
use crate::reactions::run_out;
use crate::{App, store};

/// Asks the applicant for what is missing.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RequestInformationRequest,
) -> Result<pb::RequestInformationResponse, Error> {
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let wanted = super::seal(app, &mut tx, &order, &request.wanted).await?;
    let quote = store::quote::standing(&mut tx, &order).await?;
    let change = order.request_information(wanted, app.now())?;

    let due = change
        .order
        .act_by
        .ok_or_else(|| inconsistent("orders", "act_by"))?;
    tx.task(run_out::timer(change.order.id, Deadline::Information, due))
        .await?;
    super::record(&mut tx, caller, &change, None).await?;
    tx.commit(pb::RequestInformationResponse {
        order: Some(show::order(&change.order, quote.as_ref(), &[])),
    })
    .await
}
