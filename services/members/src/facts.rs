//! What others learn of members: ids and never personal data.

use kernel::{RefundCaseId, StudioId, Timestamp, to_proto_time};
use platform::Fact;
use platform::organisation::Node;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::MembersEvent;
use proto::studio::members::v1::members_event::Fact as What;

use crate::api::node_view;
use crate::domain::cards::{Activation, Benefit, Card, ValidityStart};
use crate::domain::challenges::{Challenge, Purpose};
use crate::domain::checkins::CheckIn;
use crate::domain::people::Person;
use crate::domain::staff::{Grant, ReviewRules};

fn fact(aggregate: impl Into<uuid::Uuid>, version: i64, what: What) -> Fact<MembersEvent> {
    Fact::new(aggregate, version, MembersEvent { fact: Some(what) })
}

pub fn node_changed(node: &Node) -> Fact<MembersEvent> {
    let changed = pb::OrganisationNodeChanged {
        node: Some(node_view(node)),
    };
    fact(node.id, node.version, What::OrganisationNodeChanged(changed))
}

pub fn granted(grant: &Grant) -> Fact<MembersEvent> {
    let granted = pb::StaffGranted {
        grant_id: grant.id.to_string(),
        person_id: grant.person.to_string(),
        role: grant.post.role().into(),
        node_id: grant.node.to_string(),
        granted_by: grant.granted_by.clone(),
    };
    fact(grant.id, grant.version, What::StaffGranted(granted))
}

pub fn grant_revoked(grant: &Grant) -> Fact<MembersEvent> {
    let revoked = pb::StaffGrantRevoked {
        grant_id: grant.id.to_string(),
        person_id: grant.person.to_string(),
        role: grant.post.role().into(),
        node_id: grant.node.to_string(),
        revoked_by: grant
            .revoked
            .as_ref()
            .map(|(by, _)| by.clone())
            .unwrap_or_default(),
    };
    fact(grant.id, grant.version, What::StaffGrantRevoked(revoked))
}

/// An administrator should look at it.
pub fn review_due(grant: &Grant, rules: &ReviewRules, now: Timestamp) -> Fact<MembersEvent> {
    let due = pb::GrantReviewDue {
        grant_id: grant.id.to_string(),
        person_id: grant.person.to_string(),
        role: grant.post.role().into(),
        node_id: grant.node.to_string(),
        uncertified: rules.is_due(grant, now),
        unused: rules.is_unused(grant, now),
    };
    fact(grant.id, grant.version, What::GrantReviewDue(due))
}

pub fn registered(person: &Person, home: StudioId, imported: bool) -> Fact<MembersEvent> {
    let registered = pb::PersonRegistered {
        person_id: person.id.to_string(),
        home_studio_id: home.to_string(),
        imported,
    };
    fact(person.id, person.version, What::PersonRegistered(registered))
}

/// None for a decoy: there is nobody to send a code to.
pub fn code_requested(challenge: &Challenge) -> Option<Fact<MembersEvent>> {
    let challenge_id = challenge.id.to_string();
    let person_id = challenge.person?.to_string();
    let expire_at = Some(to_proto_time(challenge.expires_at));
    let what = match challenge.purpose {
        Purpose::SignIn => What::SignInCodeRequested(pb::SignInCodeRequested {
            challenge_id,
            person_id,
            expire_at,
        }),
        Purpose::Activation => What::ActivationCodeRequested(pb::ActivationCodeRequested {
            challenge_id,
            person_id,
            card_id: challenge.card.map(|card| card.to_string()).unwrap_or_default(),
            expire_at,
        }),
    };
    Some(fact(challenge.id, challenge.version, what))
}

pub fn card_opened(card: &Card) -> Fact<MembersEvent> {
    let opened = pb::CardOpened {
        card_id: card.id.to_string(),
        order_id: card.order.to_string(),
        person_id: card.person.to_string(),
        studio_id: card.studio.to_string(),
        product_id: card.terms.product.to_string(),
        product_name: card.terms.product_name.clone(),
        paid_at: Some(to_proto_time(card.paid_at)),
        opened_at: Some(to_proto_time(card.opened_at)),
        latest_start_at: Some(to_proto_time(card.latest_start_at)),
    };
    fact(card.id, card.version, What::CardOpened(opened))
}

pub fn card_activated(card: &Card, activation: &Activation) -> Fact<MembersEvent> {
    let activated = pb::CardActivated {
        card_id: card.id.to_string(),
        order_id: card.order.to_string(),
        person_id: card.person.to_string(),
        studio_id: card.studio.to_string(),
        product_name: card.terms.product_name.clone(),
        activated_at: Some(to_proto_time(activation.at)),
        at_desk: activation.desk.is_some(),
        valid_until: card.validity.map(|validity| to_proto_time(validity.until)),
    };
    fact(card.id, card.version, What::CardActivated(activated))
}

/// None while validity has not begun.
pub fn validity_started(card: &Card) -> Option<Fact<MembersEvent>> {
    let validity = card.validity?;
    let rule = match card.terms.start {
        ValidityStart::AtPayment => pb::ValidityStart::AtPayment,
        ValidityStart::AtActivation => pb::ValidityStart::AtActivation,
        ValidityStart::AtFirstVisit => pb::ValidityStart::AtFirstVisit,
    };
    let started = pb::CardValidityStarted {
        card_id: card.id.to_string(),
        person_id: card.person.to_string(),
        studio_id: card.studio.to_string(),
        rule: rule.into(),
        valid_from: Some(to_proto_time(validity.from)),
        valid_until: Some(to_proto_time(validity.until)),
    };
    Some(fact(card.id, card.version, What::CardValidityStarted(started)))
}

pub fn redeemed(visit: &CheckIn, benefit: &Benefit) -> Fact<MembersEvent> {
    let redeemed = pb::BenefitRedeemed {
        card_id: visit.card.to_string(),
        benefit_id: visit.benefit.to_string(),
        person_id: visit.person.to_string(),
        studio_id: visit.studio.to_string(),
        check_in_id: visit.id.to_string(),
        benefit_name: benefit.terms.name.clone(),
        left: benefit
            .left()
            .map_or(0, |left| i32::try_from(left).unwrap_or(i32::MAX)),
        unlimited: benefit.terms.uses.is_none(),
        used_at: Some(to_proto_time(visit.at)),
    };
    fact(benefit.id, benefit.version, What::BenefitRedeemed(redeemed))
}

pub fn benefits_revoked(card: &Card, case: RefundCaseId, whole_card: bool) -> Fact<MembersEvent> {
    let revoked = pb::BenefitsRevoked {
        card_id: card.id.to_string(),
        case_id: case.to_string(),
        person_id: card.person.to_string(),
        studio_id: card.studio.to_string(),
        whole_card,
    };
    fact(card.id, card.version, What::BenefitsRevoked(revoked))
}
