//! What others learn: domain in, facts out.

use kernel::to_proto_time;
use platform::Fact;
use proto::studio::refunds::v1 as pb;
use proto::studio::refunds::v1::RefundsEvent;
use proto::studio::refunds::v1::refunds_event::Fact as Kind;

use crate::domain::case::RejectReason;
use crate::domain::{Case, Leg, Policy};

fn of_case(case: &Case, fact: Kind) -> Fact<RefundsEvent> {
    Fact::new(case.id, case.version, RefundsEvent { fact: Some(fact) })
}

fn of_leg(leg: &Leg, fact: Kind) -> Fact<RefundsEvent> {
    Fact::new(leg.id, leg.version, RefundsEvent { fact: Some(fact) })
}

fn person(id: Option<kernel::PersonId>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

pub fn policy_published(policy: &Policy) -> Fact<RefundsEvent> {
    let fact = Kind::PolicyPublished(pb::PolicyPublished {
        policy_id: policy.id.to_string(),
        legal_entity_id: policy.legal_entity.map(|id| id.to_string()).unwrap_or_default(),
        number: policy.number,
        effective_from: Some(to_proto_time(policy.effective_from)),
    });
    Fact::new(policy.id, 1, RefundsEvent { fact: Some(fact) })
}

pub fn requested(case: &Case) -> Fact<RefundsEvent> {
    of_case(
        case,
        Kind::RefundRequested(pb::RefundRequested {
            case_id: case.id.to_string(),
            order_id: case.order.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            amount: Some(case.amount.into()),
            reason: pb::RefundReason::from(case.reason).into(),
        }),
    )
}

pub fn approved(case: &Case) -> Fact<RefundsEvent> {
    of_case(
        case,
        Kind::RefundApproved(pb::RefundApproved {
            case_id: case.id.to_string(),
            order_id: case.order.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            amount: Some(case.amount.into()),
            opened_by: person(case.opened_by),
            approved_by: person(case.state.decision().map(|decision| decision.by)),
        }),
    )
}

pub fn rejected(case: &Case, reason: RejectReason) -> Fact<RefundsEvent> {
    of_case(
        case,
        Kind::RefundRejected(pb::RefundRejected {
            case_id: case.id.to_string(),
            order_id: case.order.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            amount: Some(case.amount.into()),
            reason: pb::CaseRejectReason::from(reason).into(),
        }),
    )
}

pub fn leg_returned(case: &Case, leg: &Leg) -> Fact<RefundsEvent> {
    of_leg(
        leg,
        Kind::RefundLegReturned(pb::RefundLegReturned {
            case_id: case.id.to_string(),
            leg_id: leg.id.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            amount: Some(leg.amount.into()),
            route: pb::LegRoute::from(leg.route).into(),
        }),
    )
}

pub fn leg_bounced(case: &Case, leg: &Leg, why: &str) -> Fact<RefundsEvent> {
    of_leg(
        leg,
        Kind::RefundLegBounced(pb::RefundLegBounced {
            case_id: case.id.to_string(),
            leg_id: leg.id.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            amount: Some(leg.amount.into()),
            why: why.to_owned(),
        }),
    )
}

pub fn stuck(case: &Case, why: &str) -> Fact<RefundsEvent> {
    of_case(
        case,
        Kind::RefundStuck(pb::RefundStuck {
            case_id: case.id.to_string(),
            order_id: case.order.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            why: why.to_owned(),
        }),
    )
}

pub fn resumed(case: &Case) -> Fact<RefundsEvent> {
    of_case(
        case,
        Kind::RefundResumed(pb::RefundResumed {
            case_id: case.id.to_string(),
            order_id: case.order.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            resumed_by: person(case.owner),
        }),
    )
}

pub fn completed(case: &Case) -> Fact<RefundsEvent> {
    of_case(
        case,
        Kind::RefundCompleted(pb::RefundCompleted {
            case_id: case.id.to_string(),
            order_id: case.order.to_string(),
            person_id: case.person.to_string(),
            studio_id: case.studio.to_string(),
            amount: Some(case.amount.into()),
            opened_at: Some(to_proto_time(case.opened_at)),
        }),
    )
}
