use kernel::{BadField, ProductId};
use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use crate::{App, store};

/// Answers a product with all its versions.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetProductRequest,
) -> Result<pb::GetProductResponse, Error> {
    let mut tx = app.begin(caller).await?;
    let id = match (request.product_id.as_str(), request.code.as_str()) {
        ("", "") => return Err(BadField::new("product_id", "or code is required").into()),
        ("", code) => store::catalogue::by_code(&mut tx, code).await?,
        (id, _) => Some(ProductId::parse("product_id", id)?),
    };
    let id = id.ok_or_else(|| Error::not_found("product"))?;
    let versions = store::catalogue::versions(&mut tx, &[id]).await?;
    let product = super::product(&versions, app.clock.now()).ok_or_else(|| Error::not_found("product"))?;
    let versions = versions.iter().map(super::version).collect();
    Ok(pb::GetProductResponse {
        product: Some(pb::Product { versions, ..product }),
    })
}
