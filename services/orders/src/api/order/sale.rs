//! What can be sold where, and the quote for it.

use kernel::{BadField, NodeId, ProductId, StudioId};
use platform::{Error, Studios, WriteTx, inconsistent};

use crate::domain::Refusal;
use crate::domain::catalogue::{Version, in_force};
use crate::domain::order::{Deadline, Order, Quote};
use crate::reactions::run_out;
use crate::{App, store};

/// Reads a field that may be empty.
pub fn optional<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, BadField>,
) -> Result<Option<T>, BadField> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}

/// Whether a version is sold at a studio.
pub fn is_sold(app: &App, version: &Version, studio: StudioId) -> bool {
    let everywhere = version.sold_at.is_empty() || version.sold_at.contains(&NodeId(studio.0));
    everywhere
        || match app.organisation().reach(&version.sold_at) {
            Studios::All => true,
            Studios::Some(studios) => studios.contains(&studio),
        }
}

/// The version from which a product is sold at a studio now.
pub async fn on_sale(
    app: &App,
    tx: &mut WriteTx,
    product: ProductId,
    studio: StudioId,
) -> Result<Version, Error> {
    let versions = store::catalogue::versions(tx, &[product]).await?;
    let version = in_force(&versions, app.clock.now()).filter(|v| is_sold(app, v, studio));
    Ok(version.cloned().ok_or(Refusal::NotForSale)?)
}

/// Makes a further quote for an order from what is in force now.
pub async fn issue(app: &App, tx: &mut WriteTx, order: &Order) -> Result<Quote, Error> {
    let product = order
        .product
        .ok_or_else(|| inconsistent("orders", "product_id"))?;
    let version = on_sale(app, tx, product, order.studio).await?;
    let number = store::quote::of_order(tx, order.id)
        .await?
        .first()
        .map_or(1, |q| q.number + 1);
    Ok(Quote::issue(
        order,
        number,
        version,
        &app.config.terms_version,
        app.now(),
    ))
}

/// Has a quote run out in time.
pub async fn watch(tx: &mut WriteTx, quote: &Quote) -> Result<(), Error> {
    tx.task(run_out::timer(quote.order, Deadline::Quote, quote.valid_until))
        .await
}

/// Refuses a product that does not exist.
pub async fn check_known(tx: &mut WriteTx, product: Option<ProductId>) -> Result<(), Error> {
    match product {
        Some(product) if !store::catalogue::exists(tx, product).await? => Err(Error::not_found("product")),
        _ => Ok(()),
    }
}
