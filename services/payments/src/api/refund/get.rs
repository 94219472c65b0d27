use futures::future::Either;
use kernel::{RefundId, RefundLegId};
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::{given, one_of};
use crate::domain::refund::Refund;
use crate::{App, store, wire};

/// Answers one refund by its id or by its leg.
#[tracing::instrument(name = "payments.get_refund", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetRefundRequest,
) -> Result<pb::GetRefundResponse, Error> {
    let refund = given(&request.refund_id, |id| RefundId::parse("refund_id", id))?;
    let leg = given(&request.leg_id, |id| RefundLegId::parse("leg_id", id))?;
    let id = match one_of(("refund_id", refund), ("leg_id", leg))? {
        Either::Left(id) => id,
        Either::Right(leg) => Refund::id_of(leg),
    };
    let mut tx = app.begin(caller).await?;
    let refund = store::refund::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    Ok(pb::GetRefundResponse {
        refund: Some(wire::refund::refund(&refund)),
    })
}
