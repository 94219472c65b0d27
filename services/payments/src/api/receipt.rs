pub mod get;
pub mod invoice;
pub mod list;
pub mod page;

use kernel::NodeId;
use platform::organisation::Node;

use crate::App;
use crate::domain::Refusal;
use crate::domain::receipt::Receipt;
use crate::domain::seller::Seller;

/// Who issued a receipt, with what stands on their proofs.
fn issuer<'a>(app: &'a App, receipt: &Receipt) -> Result<(Node, &'a Seller), Refusal> {
    let company = app
        .organisation()
        .node(NodeId(receipt.legal_entity_id.0))
        .ok_or(Refusal::NoSeller)?;
    let seller = app.config.sellers.get(&company.code).ok_or(Refusal::NoSeller)?;
    Ok((company, seller))
}
