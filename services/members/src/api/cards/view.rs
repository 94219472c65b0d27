use kernel::{Timestamp, to_proto_time};
use proto::studio::members::v1 as pb;

use crate::App;
use crate::api::zone_of;
use crate::domain::cards::{Benefit, BenefitTerms, Card, State, ValidityStart};

/// A card as others see it, with its days counted from now.
pub(super) fn card_view(app: &App, card: &Card, benefits: &[Benefit]) -> pb::Card {
    let now = app.clock.now();
    let latest = card.validity.is_none().then_some(card.latest_start_at);
    pb::Card {
        card_id: card.id.to_string(),
        order_id: card.order.to_string(),
        person_id: card.person.to_string(),
        studio_id: card.studio.to_string(),
        terms: Some(terms(card, benefits)),
        state: match card.state {
            State::Opened => pb::CardState::Opened,
            State::Activated { .. } => pb::CardState::Activated,
            State::Ended { .. } => pb::CardState::Ended,
        }
        .into(),
        paid_at: Some(to_proto_time(card.paid_at)),
        opened_at: Some(to_proto_time(card.opened_at)),
        activated_at: time(card.activated_at()),
        latest_start_at: time(latest),
        valid_from: time(card.validity.map(|v| v.from)),
        valid_until: time(card.validity.map(|v| v.until)),
        remaining_days: i32::try_from(card.remaining_days(now, zone_of(app, card.studio)))
            .unwrap_or(i32::MAX),
        version: card.version,
    }
}

pub(in crate::api) fn benefit_view(benefit: &Benefit) -> pb::Benefit {
    pb::Benefit {
        benefit_id: benefit.id.to_string(),
        card_id: benefit.card.to_string(),
        terms: Some(benefit_terms(&benefit.terms)),
        used: count(benefit.used),
        held: count(benefit.held),
        revoked: count(benefit.revoked),
        left: benefit.left().map_or(0, count),
        unlimited: benefit.terms.uses.is_none(),
        valid_until: time(benefit.valid_until),
        ended: benefit.ended_at.is_some(),
    }
}

fn terms(card: &Card, benefits: &[Benefit]) -> pb::CardTerms {
    let terms = &card.terms;
    pb::CardTerms {
        product_id: terms.product.to_string(),
        product_version: terms.product_version,
        product_name: terms.product_name.clone(),
        price: Some(terms.price.into()),
        contract_version: terms.contract_version.clone(),
        validity_start: match terms.start {
            ValidityStart::AtPayment => pb::ValidityStart::AtPayment,
            ValidityStart::AtActivation => pb::ValidityStart::AtActivation,
            ValidityStart::AtFirstVisit => pb::ValidityStart::AtFirstVisit,
        }
        .into(),
        validity_days: count(terms.validity_days),
        latest_start_days: count(terms.latest_start_days),
        benefits: benefits
            .iter()
            .map(|benefit| benefit_terms(&benefit.terms))
            .collect(),
    }
}

fn benefit_terms(terms: &BenefitTerms) -> pb::BenefitTerms {
    pb::BenefitTerms {
        code: terms.code.clone(),
        name: terms.name.clone(),
        uses: terms.uses.map_or(0, count),
        scope_node_ids: terms.scope.iter().map(ToString::to_string).collect(),
        validity_days: count(terms.validity_days),
    }
}

fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(to_proto_time)
}

fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
