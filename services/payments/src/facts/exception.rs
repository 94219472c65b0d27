use kernel::to_proto_time;
use platform::Fact;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Payload;

use super::fact;
use crate::domain::exception::Exception;

fn remedy(case: &Exception) -> pb::Remedy {
    case.state
        .remedy()
        .map_or(pb::Remedy::Unspecified, pb::Remedy::from)
}

pub fn exception_opened(case: &Exception) -> Fact<PaymentsEvent> {
    let opened = pb::ExceptionOpened {
        exception_id: case.id.to_string(),
        exception_number: case.number.clone(),
        attempt_id: case.attempt_id.to_string(),
        person_id: case.person_id.to_string(),
        studio_id: case.studio_id.to_string(),
        amount: Some(case.amount.into()),
        r#type: pb::ExceptionType::from(case.kind).into(),
        origin: pb::ExceptionOrigin::from(case.origin).into(),
        due_at: Some(to_proto_time(case.due_at)),
        reopened: case.reopened,
    };
    fact(case.id.0, case.version, Payload::ExceptionOpened(opened))
}

pub fn exception_answered(case: &Exception) -> Fact<PaymentsEvent> {
    let answered = pb::ExceptionAnswered {
        exception_id: case.id.to_string(),
        exception_number: case.number.clone(),
        person_id: case.person_id.to_string(),
        studio_id: case.studio_id.to_string(),
        remedy: remedy(case).into(),
        origin: pb::ExceptionOrigin::from(case.origin).into(),
        proven: case.state.is_proven(),
    };
    fact(case.id.0, case.version, Payload::ExceptionAnswered(answered))
}

pub fn exception_overdue(case: &Exception) -> Fact<PaymentsEvent> {
    let overdue = pb::ExceptionOverdue {
        exception_id: case.id.to_string(),
        exception_number: case.number.clone(),
        studio_id: case.studio_id.to_string(),
        amount: Some(case.amount.into()),
        r#type: pb::ExceptionType::from(case.kind).into(),
        due_at: Some(to_proto_time(case.due_at)),
    };
    fact(case.id.0, case.version, Payload::ExceptionOverdue(overdue))
}

pub fn exception_closed(case: &Exception) -> Fact<PaymentsEvent> {
    let closed = pb::ExceptionClosed {
        exception_id: case.id.to_string(),
        person_id: case.person_id.to_string(),
        studio_id: case.studio_id.to_string(),
        remedy: remedy(case).into(),
    };
    fact(case.id.0, case.version, Payload::ExceptionClosed(closed))
}
