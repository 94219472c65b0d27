use kernel::ReceiptId;
use platform::{Caller, Error, inconsistent};
use proto::studio::payments::v1 as pb;

use super::issuer;
use crate::{App, store, wire};

/// The class of goods and services under which a prepaid sale is invoiced.
const PREPAID_CODE: &str = "601";
const PREPAID_ITEM: &str = "预付卡销售和充值";

/// Answers what an invoice for a receipt is issued from.
#[tracing::instrument(name = "payments.get_invoice_data", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetInvoiceDataRequest,
) -> Result<pb::GetInvoiceDataResponse, Error> {
    let id = ReceiptId::parse("receipt_id", &request.receipt_id)?;
    let mut tx = app.begin(caller).await?;
    let receipt = store::receipt::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("receipt"))?;
    let (company, seller) = issuer(app, &receipt)?;
    let payment = store::payment::get(&mut tx, receipt.payment_id)
        .await?
        .ok_or_else(|| inconsistent("receipts", "a receipt proves no payment"))?;
    Ok(pb::GetInvoiceDataResponse {
        invoice_data: Some(pb::InvoiceData {
            receipt: Some(wire::receipt(&receipt)),
            seller_name: company.name,
            seller_credit_code: seller.credit_code.to_string(),
            item: PREPAID_ITEM.to_owned(),
            tax_category_code: PREPAID_CODE.to_owned(),
            tax_treatment: pb::TaxTreatment::NotTaxed.into(),
            invoiceable: Some(payment.refundable().into()),
        }),
    })
}
