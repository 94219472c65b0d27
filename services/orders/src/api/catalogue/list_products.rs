use kernel::{ProductId, StudioId};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use crate::api::order::sale;
use crate::domain::catalogue::{Version, in_force};
use crate::{App, store};

/// Answers what is for sale, by code. A page may hold fewer products than
/// asked for when some of it are not sold at the studio.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListProductsRequest,
) -> Result<pb::ListProductsResponse, Error> {
    let page = Page::<String>::parse(request.page_size, &request.page_token)?;
    let studio = sale::optional(&request.studio_id, |id| StudioId::parse("studio_id", id))?;
    let now = app.clock.now();

    let mut tx = app.begin(caller).await?;
    let after = page.after().map_or("", String::as_str);
    let codes = store::catalogue::codes_after(&mut tx, after, page.limit()).await?;
    let (codes, next_page_token) = page.cut(codes, |(_, code)| code.clone());
    let ids: Vec<ProductId> = codes.iter().map(|(id, _)| *id).collect();
    let versions = store::catalogue::versions(&mut tx, &ids).await?;

    let sold = |version: Option<&Version>| match (version, studio) {
        (None, _) => request.with_coming,
        (Some(version), Some(studio)) => sale::is_sold(app, version, studio),
        (Some(_), None) => true,
    };
    let products = ids.iter().filter_map(|id| {
        let own: Vec<Version> = versions
            .iter()
            .filter(|v| v.terms.product == *id)
            .cloned()
            .collect();
        if sold(in_force(&own, now)) {
            super::product(&own, now)
        } else {
            None
        }
    });
    Ok(pb::ListProductsResponse {
        products: products.collect(),
        next_page_token,
    })
}
