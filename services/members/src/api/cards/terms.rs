use std::collections::HashSet;

use kernel::{BadField, Balance, NodeId, OrderId, PersonId, ProductId, StudioId, from_proto_time};
use platform::Error;
use proto::studio::members::v1 as pb;

use crate::domain::cards::{BenefitTerms, Sale, Terms, ValidityStart};

/// Reads what an order sold.
pub(super) fn sale(request: &pb::OpenCardRequest) -> Result<Sale, Error> {
    let terms = request
        .terms
        .as_ref()
        .ok_or_else(|| BadField::new("terms", "is required"))?;
    let paid_at = from_proto_time(request.paid_at.as_ref());
    Ok(Sale {
        order: OrderId::parse("order_id", &request.order_id)?,
        person: PersonId::parse("person_id", &request.person_id)?,
        studio: StudioId::parse("studio_id", &request.studio_id)?,
        terms: read(terms)?,
        benefits: benefits(&terms.benefits)?,
        paid_at: paid_at.ok_or_else(|| BadField::new("paid_at", "must be a time"))?,
    })
}

fn read(terms: &pb::CardTerms) -> Result<Terms, BadField> {
    let start = match terms.validity_start() {
        pb::ValidityStart::AtPayment => ValidityStart::AtPayment,
        pb::ValidityStart::AtActivation => ValidityStart::AtActivation,
        pb::ValidityStart::AtFirstVisit => ValidityStart::AtFirstVisit,
        pb::ValidityStart::Unspecified => return Err(BadField::new("terms.validity_start", "is required")),
    };
    Ok(Terms {
        product: ProductId::parse("terms.product_id", &terms.product_id)?,
        product_version: terms.product_version,
        product_name: terms.product_name.clone(),
        price: Balance::parse("terms.price", terms.price.as_ref())?,
        contract_version: terms.contract_version.clone(),
        start,
        validity_days: count("terms.validity_days", terms.validity_days)?,
        latest_start_days: count("terms.latest_start_days", terms.latest_start_days)?,
    })
}

fn benefits(benefits: &[pb::BenefitTerms]) -> Result<Vec<BenefitTerms>, BadField> {
    let mut codes = HashSet::new();
    let read = |(at, terms): (usize, &pb::BenefitTerms)| {
        let field = |name: &str| format!("terms.benefits[{at}].{name}");
        let uses = count(&field("uses"), terms.uses)?;
        let node = |text: &String| NodeId::parse(&field("scope_node_ids"), text);
        Ok(BenefitTerms {
            code: terms.code.clone(),
            name: terms.name.clone(),
            uses: (uses > 0).then_some(uses),
            scope: terms
                .scope_node_ids
                .iter()
                .map(node)
                .collect::<Result<_, BadField>>()?,
            validity_days: count(&field("validity_days"), terms.validity_days)?,
        })
    };
    let benefits = benefits
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<Vec<_>, BadField>>()?;
    match benefits.iter().find(|benefit| !codes.insert(&benefit.code)) {
        Some(_) => Err(BadField::new("terms.benefits", "must have a code each")),
        None => Ok(benefits),
    }
}

fn count(field: &str, count: i32) -> Result<u32, BadField> {
    u32::try_from(count).map_err(|_| BadField::new(field, "must not be negative"))
}
