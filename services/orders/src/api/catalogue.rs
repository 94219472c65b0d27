//! Calls about what is sold.

pub mod get_product;
pub mod import_catalogue;
pub mod list_products;

use kernel::{Timestamp, to_proto_time};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::domain::catalogue::{Version, in_force};

/// A product from its versions, which are of one product.
fn product(versions: &[Version], at: Timestamp) -> Option<pb::Product> {
    let terms = &versions.first()?.terms;
    Some(pb::Product {
        product_id: terms.product.to_string(),
        code: terms.code.clone(),
        current: in_force(versions, at).map(version),
        versions: Vec::new(),
    })
}

fn version(version: &Version) -> pb::ProductVersion {
    pb::ProductVersion {
        terms: Some(show::terms(version)),
        effective_from: Some(to_proto_time(version.effective_from)),
        available_node_ids: version.sold_at.iter().map(ToString::to_string).collect(),
        created_at: Some(to_proto_time(version.created_at)),
        created_by: version.created_by.to_string(),
    }
}
