//! Domain values as the contract shows them.

use kernel::{Balance, Timestamp, to_proto_time};
use proto::studio::orders::v1 as pb;

use crate::domain::catalogue::{Activation, Benefit, Kind, Scope, ValidityStart, Version};
use crate::domain::order::{Channel, Due, DueState, Order, Quote, State, Step};
use crate::facts;
use crate::store::step::Kept;

fn text(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(to_proto_time)
}

/// An order with the quote that stands and its dues, and without what people
/// wrote about it: replies are kept, and keep nothing of that.
pub fn order(order: &Order, quote: Option<&Quote>, dues: &[Due]) -> pb::Order {
    pb::Order {
        order_id: order.id.to_string(),
        order_number: text(order.number.as_ref()),
        state: state(order.state).into(),
        person_id: order.person.to_string(),
        studio_id: order.studio.to_string(),
        legal_entity_id: order.legal_entity.to_string(),
        product_id: text(order.product),
        channel: channel(order.channel).into(),
        entered_by: order.entered_by.to_string(),
        first_reviewer: text(order.first_reviewer),
        approver: text(order.approver),
        quote: quote.map(self::quote),
        approved_quote_hash: text(order.approved_hash.as_ref()),
        policy_version: order.policy_version.clone(),
        accepted_at: time(order.acceptance.as_ref().map(|a| a.at)),
        accepted_terms_version: text(order.acceptance.as_ref().map(|a| &a.terms_version)),
        accept_by: time(order.accept_by),
        pay_by: time(order.pay_by),
        dues: dues.iter().map(due).collect(),
        paid: Some(order.paid.into()),
        refunded: Some(order.refunded.into()),
        card_id: text(order.card),
        reason: order.reason.clone(),
        created_at: time(Some(order.created_at)),
        submitted_at: time(order.submitted_at),
        state_since: time(Some(order.since)),
        act_by: time(order.act_by),
        version: order.version,
    }
}

pub fn quote(quote: &Quote) -> pb::Quote {
    pb::Quote {
        quote_id: quote.id.to_string(),
        number: quote.number,
        terms: Some(terms(&quote.version)),
        amount: Some(quote.amount.into()),
        terms_version: quote.terms_version.clone(),
        issued_at: time(Some(quote.issued_at)),
        valid_until: time(Some(quote.valid_until)),
        hash: quote.hash.clone(),
    }
}

pub fn due(due: &Due) -> pb::Due {
    let state = match due.state {
        DueState::Open => pb::DueState::Open,
        DueState::Paying => pb::DueState::Paying,
        DueState::Paid => pb::DueState::Paid,
        DueState::Cancelled => pb::DueState::Cancelled,
    };
    pb::Due {
        due_id: due.id.to_string(),
        number: due.number,
        amount: Some(due.amount.into()),
        state: state.into(),
        method: facts::method(due.method).into(),
        intent_id: text(due.intent),
        attempt_id: text(due.attempt),
        payment_id: text(due.payment),
        legal_entity_id: due.legal_entity.to_string(),
        paid_at: time(due.paid_at),
        refunded: Some(Balance::into(due.refunded)),
        pay_by: time(Some(due.pay_by)),
        refusal: due.refusal.clone(),
        surplus: due.surplus,
    }
}

pub fn terms(version: &Version) -> pb::ProductTerms {
    let terms = &version.terms;
    pb::ProductTerms {
        product_id: terms.product.to_string(),
        code: terms.code.clone(),
        version: version.number,
        name: terms.name.clone(),
        kind: match terms.kind {
            Kind::AnnualCard => pb::ProductKind::AnnualCard,
            Kind::TermCard => pb::ProductKind::TermCard,
            Kind::ClassPack => pb::ProductKind::ClassPack,
        }
        .into(),
        price: Some(terms.price.into()),
        valid_days: terms.valid_days,
        validity_start: match terms.validity_start {
            ValidityStart::Payment => pb::ValidityStart::Payment,
            ValidityStart::Activation => pb::ValidityStart::Activation,
            ValidityStart::FirstVisit => pb::ValidityStart::FirstVisit,
        }
        .into(),
        start_within_days: terms.start_within_days,
        activation: match terms.activation {
            Activation::AtOnce => pb::ActivationRule::AtOnce,
            Activation::ByIdentity => pb::ActivationRule::ByIdentity,
        }
        .into(),
        benefits: terms.benefits.iter().map(benefit).collect(),
    }
}

fn benefit(benefit: &Benefit) -> pb::BenefitTerms {
    let scope = match benefit.scope {
        Scope::Studio => pb::BenefitScope::Studio,
        Scope::LegalEntity => pb::BenefitScope::LegalEntity,
        Scope::Region => pb::BenefitScope::Region,
        Scope::Operator => pb::BenefitScope::Operator,
    };
    pb::BenefitTerms {
        code: benefit.code.clone(),
        name: benefit.name.clone(),
        scope: scope.into(),
        uses: benefit.uses,
    }
}

/// A step with what was written at it.
pub fn step(kept: &Kept, words: String) -> pb::OrderStep {
    let named = match kept.step {
        Step::InformationRequested => "wanted",
        Step::FirstReviewPassed => "note",
        _ => "reason",
    };
    let words = (!words.is_empty()).then(|| (named.to_owned(), words));
    pb::OrderStep {
        number: kept.number,
        kind: step_kind(kept.step).into(),
        from_state: kept.from.map_or(pb::OrderState::Unspecified, state).into(),
        to_state: state(kept.to).into(),
        actor: kept.actor.name.clone(),
        person_id: text(kept.actor.person),
        occurred_at: time(Some(kept.occurred_at)),
        evidence: kept.evidence.clone().into_iter().chain(words).collect(),
        stood_ms: kept.stood_ms,
    }
}

pub fn state(state: State) -> pb::OrderState {
    match state {
        State::Draft => pb::OrderState::Draft,
        State::Submitted => pb::OrderState::Submitted,
        State::InformationNeeded => pb::OrderState::InformationNeeded,
        State::FirstReviewPassed => pb::OrderState::FirstReviewPassed,
        State::InReview => pb::OrderState::InReview,
        State::SentBack => pb::OrderState::SentBack,
        State::Approved => pb::OrderState::Approved,
        State::Confirmed => pb::OrderState::Confirmed,
        State::Cancelling => pb::OrderState::Cancelling,
        State::Paid => pb::OrderState::Paid,
        State::Fulfilled => pb::OrderState::Fulfilled,
        State::Unfulfillable => pb::OrderState::Unfulfillable,
        State::Rejected => pb::OrderState::Rejected,
        State::Declined => pb::OrderState::Declined,
        State::Cancelled => pb::OrderState::Cancelled,
        State::Expired => pb::OrderState::Expired,
    }
}

/// The state that a filter names; `None` for the unspecified one.
pub fn state_of(wanted: pb::OrderState) -> Option<State> {
    State::ALL.iter().copied().find(|s| state(*s) == wanted)
}

fn step_kind(step: Step) -> pb::StepKind {
    match step {
        Step::Applied => pb::StepKind::Applied,
        Step::Amended => pb::StepKind::Amended,
        Step::Submitted => pb::StepKind::Submitted,
        Step::InformationRequested => pb::StepKind::InformationRequested,
        Step::InformationProvided => pb::StepKind::InformationProvided,
        Step::FirstReviewPassed => pb::StepKind::FirstReviewPassed,
        Step::QuoteIssued => pb::StepKind::QuoteIssued,
        Step::SubmittedForApproval => pb::StepKind::SubmittedForApproval,
        Step::Approved => pb::StepKind::Approved,
        Step::Rejected => pb::StepKind::Rejected,
        Step::SentBack => pb::StepKind::SentBack,
        Step::QuoteExpired => pb::StepKind::QuoteExpired,
        Step::Accepted => pb::StepKind::Accepted,
        Step::ChangeRequested => pb::StepKind::ChangeRequested,
        Step::Declined => pb::StepKind::Declined,
        Step::PaymentStarted => pb::StepKind::PaymentStarted,
        Step::PaymentRefused => pb::StepKind::PaymentRefused,
        Step::Paid => pb::StepKind::Paid,
        Step::Cancelling => pb::StepKind::Cancelling,
        Step::Cancelled => pb::StepKind::Cancelled,
        Step::Expired => pb::StepKind::Expired,
        Step::Fulfilled => pb::StepKind::Fulfilled,
        Step::Unfulfillable => pb::StepKind::Unfulfillable,
        Step::SurplusArrived => pb::StepKind::SurplusArrived,
        Step::RefundRecorded => pb::StepKind::RefundRecorded,
        Step::ContactLogged => pb::StepKind::ContactLogged,
    }
}

fn channel(channel: Channel) -> pb::Channel {
    match channel {
        Channel::Website => pb::Channel::Website,
        Channel::App => pb::Channel::App,
        Channel::Studio => pb::Channel::Studio,
        Channel::Phone => pb::Channel::Phone,
    }
}

/// The channel that a request names.
pub fn channel_of(wanted: pb::Channel) -> Option<Channel> {
    Channel::ALL.iter().copied().find(|c| channel(*c) == wanted)
}
