use kernel::ReceiptId;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use super::issuer;
use crate::page::{self, Place};
use crate::{App, store};

/// Answers a receipt as a page that can be shown and printed as it is.
#[tracing::instrument(name = "payments.get_receipt_page", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetReceiptPageRequest,
) -> Result<pb::GetReceiptPageResponse, Error> {
    let id = ReceiptId::parse("receipt_id", &request.receipt_id)?;
    let mut tx = app.begin(caller).await?;
    let receipt = store::receipt::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("receipt"))?;
    let (company, seller) = issuer(app, &receipt)?;
    let studio = app.organisation().studio(receipt.studio_id);
    let payer = store::payment::masked_payer(&mut tx, receipt.payment_id).await?;
    let place = Place {
        company: &company.name,
        seller,
        studio: studio.as_ref().map_or("", |studio| &studio.name),
        zone: company.zone,
        payer: payer.as_deref().unwrap_or_default(),
    };
    Ok(pb::GetReceiptPageResponse {
        html: page::receipt(&receipt, place),
    })
}
