//! What callers see of a policy, a quote and a case.

use kernel::{CURRENCY, OrderId, Timestamp, to_proto_time};
use proto::studio::money::v1::Money;
use proto::studio::refunds::v1 as pb;

use crate::domain::case::State;
use crate::domain::leg::LegState;
use crate::domain::order::Route;
use crate::domain::policy::Rule;
use crate::domain::quote::Way;
use crate::domain::{Case, Leg, Policy, Quote};

pub fn policy(policy: &Policy) -> pb::Policy {
    pb::Policy {
        policy_id: policy.id.to_string(),
        legal_entity_id: text(policy.legal_entity),
        number: policy.number,
        title: policy.title.clone(),
        window_days: policy.window_days,
        rules: policy.rules.iter().map(rule).collect(),
        methods: policy
            .methods
            .iter()
            .map(|method| pb::RefundMethod::from(*method).into())
            .collect(),
        effective_from: time(Some(policy.effective_from)),
        published_by: policy.published_by.to_string(),
        published_at: time(Some(policy.published_at)),
    }
}

fn rule(rule: &Rule) -> pb::PolicyRule {
    pb::PolicyRule {
        code: rule.code.clone(),
        reasons: rule
            .reasons
            .iter()
            .map(|reason| pb::RefundReason::from(*reason).into())
            .collect(),
        within_days: rule.within_days,
        usage: pb::Usage::from(rule.usage).into(),
        base: pb::RefundBase::from(rule.base).into(),
        ratio: rule.ratio.to_string(),
        fee: (rule.fee_minor > 0).then(|| money(rule.fee_minor)),
    }
}

pub fn quote(quote: &Quote, order: OrderId) -> pb::Quote {
    let line = |line: &crate::domain::quote::Line| pb::CalculationLine {
        kind: pb::LineKind::from(line.kind).into(),
        amount: Some(money(line.minor)),
        ratio: text(line.ratio),
    };
    pb::Quote {
        order_id: order.to_string(),
        order_version: quote.order_version,
        policy_id: text(quote.policy),
        rule_code: quote.rule.clone(),
        lines: quote.lines.iter().map(line).collect(),
        amount: Some(money(quote.amount_minor)),
        legs: quote.ways.iter().map(way).collect(),
        used_share: quote.used.share.to_string(),
        window_ends_at: time(quote.window_ends_at),
        card_id: text(quote.card),
    }
}

fn way(way: &Way) -> pb::Leg {
    pb::Leg {
        leg_id: String::new(),
        due_id: way.due.to_string(),
        route: pb::LegRoute::from(way.route).into(),
        payment_id: payment(way.route),
        amount: Some(money(way.minor)),
        state: pb::LegState::Planned.into(),
        attempt: 0,
        why: String::new(),
    }
}

fn leg(leg: &Leg) -> pb::Leg {
    pb::Leg {
        leg_id: leg.id.to_string(),
        due_id: leg.due.to_string(),
        route: pb::LegRoute::from(leg.route).into(),
        payment_id: payment(leg.route),
        amount: Some(leg.amount.into()),
        state: pb::LegState::from(&leg.state).into(),
        attempt: if leg.state == LegState::Planned {
            leg.attempt - 1
        } else {
            leg.attempt
        },
        why: match &leg.state {
            LegState::Bounced { why } => why.clone(),
            _ => String::new(),
        },
    }
}

/// Without what was written about it.
pub fn case(case: &Case, legs: &[Leg]) -> pb::RefundCase {
    let decision = case.state.decision();
    let (mut reject_reason, mut stuck_why, mut completed_at) = (0, String::new(), None);
    match &case.state {
        State::Rejected { reason, .. } => reject_reason = pb::CaseRejectReason::from(*reason).into(),
        State::Stuck { why, .. } => stuck_why.clone_from(why),
        State::Completed { at, .. } => completed_at = Some(*at),
        State::Requested | State::Approved(_) | State::Returning(_) | State::Settling(_) => {}
    }
    pb::RefundCase {
        case_id: case.id.to_string(),
        number: case.number.clone(),
        order_id: case.order.to_string(),
        due_id: text(case.due),
        person_id: case.person.to_string(),
        studio_id: case.studio.to_string(),
        state: pb::CaseState::from(&case.state).into(),
        reason: pb::RefundReason::from(case.reason).into(),
        explanation: String::new(),
        quote: Some(quote(&case.quote, case.order)),
        legs: legs.iter().map(leg).collect(),
        opened_by: text(case.opened_by),
        owner_person_id: text(case.owner),
        decided_by: text(decision.map(|d| d.by)),
        reject_reason,
        decision_note: String::new(),
        stuck_why,
        subject_hash: case.subject_hash(),
        opened_at: time(Some(case.opened_at)),
        decided_at: time(decision.map(|d| d.at)),
        completed_at: time(completed_at),
        version: case.version,
    }
}

fn money(minor: i64) -> Money {
    Money {
        minor,
        currency: CURRENCY.to_owned(),
    }
}

fn payment(route: Route) -> String {
    match route {
        Route::Wallet => String::new(),
        Route::Channel(payment) => payment.to_string(),
    }
}

fn text(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(to_proto_time)
}
