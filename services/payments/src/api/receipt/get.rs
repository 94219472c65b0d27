use futures::future::Either;
use kernel::{PaymentId, ReceiptId};
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::{given, one_of};
use crate::domain::receipt::Receipt;
use crate::{App, store, wire};

/// Answers one receipt by its id or by its payment.
#[tracing::instrument(name = "payments.get_receipt", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetReceiptRequest,
) -> Result<pb::GetReceiptResponse, Error> {
    let receipt = given(&request.receipt_id, |id| ReceiptId::parse("receipt_id", id))?;
    let payment = given(&request.payment_id, |id| PaymentId::parse("payment_id", id))?;
    let id = match one_of(("receipt_id", receipt), ("payment_id", payment))? {
        Either::Left(id) => id,
        Either::Right(payment) => Receipt::id_of(payment),
    };
    let mut tx = app.begin(caller).await?;
    let receipt = store::receipt::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("receipt"))?;
    Ok(pb::GetReceiptResponse {
        receipt: Some(wire::receipt(&receipt)),
    })
}
