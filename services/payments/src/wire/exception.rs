//! Cases as the contract writes them.

use kernel::{Timestamp, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;

use super::id;
use super::mirrored;
use crate::domain::exception::{EntryKind, Exception, Kind, Origin, Remedy, State};
use crate::domain::reconciliation::difference::Owner;

mirrored!(
    Kind,
    ExceptionType {
        DuplicateCharge,
        PaidNotCredited,
        Mismatch
    }
);
mirrored!(
    Origin,
    ExceptionOrigin {
        IsolatedMoney,
        Difference,
        UnknownAttempt,
        Desk,
        Member
    }
);
mirrored!(
    Remedy,
    Remedy {
        SendBack,
        Refund,
        Credit,
        Explain
    }
);
mirrored!(
    EntryKind,
    ExceptionEntryKind {
        Opened,
        Noticed,
        Taken,
        Proposed,
        Decided,
        Declined,
        Answered,
        Closed,
        Reopened,
        Overdue,
        Contacted
    }
);

impl From<Owner> for Role {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::FinanceStaff => Self::FinanceStaff,
            Owner::FinanceSupervisor => Self::FinanceSupervisor,
            Owner::Technician => Self::Technician,
        }
    }
}

impl From<State> for pb::ExceptionState {
    fn from(state: State) -> Self {
        match state {
            State::Open => Self::Open,
            State::Taken { .. } => Self::Taken,
            State::Proposed { .. } => Self::Proposed,
            State::Decided { .. } => Self::Decided,
            State::Answered { .. } => Self::Answered,
            State::Closed { .. } => Self::Closed,
        }
    }
}

/// The word under which a state is kept; nothing asks for all.
pub fn state_word(state: pb::ExceptionState) -> Option<&'static str> {
    match state {
        pb::ExceptionState::Unspecified => None,
        pb::ExceptionState::Open => Some("open"),
        pb::ExceptionState::Taken => Some("taken"),
        pb::ExceptionState::Proposed => Some("proposed"),
        pb::ExceptionState::Decided => Some("decided"),
        pb::ExceptionState::Answered => Some("answered"),
        pb::ExceptionState::Closed => Some("closed"),
    }
}

/// For whom a case is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Staff,
    /// Whose case it is: who works on it is nobody's business outside.
    Member,
}

pub fn exception(case: &Exception, reader: Reader, now: Timestamp) -> pb::Exception {
    let staff = |person: Option<kernel::PersonId>| id(person.filter(|_| reader == Reader::Staff));
    let remedy = case
        .state
        .remedy()
        .filter(|_| reader == Reader::Staff || case.state.is_answered());
    pb::Exception {
        exception_id: case.id.to_string(),
        exception_number: case.number.clone(),
        attempt_id: case.attempt_id.to_string(),
        intent_id: case.intent_id.to_string(),
        person_id: case.person_id.to_string(),
        studio_id: case.studio_id.to_string(),
        amount: Some(case.amount.into()),
        r#type: pb::ExceptionType::from(case.kind).into(),
        origin: pb::ExceptionOrigin::from(case.origin).into(),
        state: pb::ExceptionState::from(case.state).into(),
        owner_role: Role::from(case.owner()).into(),
        taken_by: staff(case.state.taken_by()),
        advised: match reader {
            Reader::Staff => pb::Remedy::from(case.advised),
            Reader::Member => pb::Remedy::Unspecified,
        }
        .into(),
        remedy: remedy.map_or(pb::Remedy::Unspecified, pb::Remedy::from).into(),
        confirmed_by: staff(case.state.checker()),
        proven: case.state.is_proven(),
        opened_by: staff(case.opened_by),
        opened_at: Some(to_proto_time(case.opened_at)),
        due_at: Some(to_proto_time(case.due_at)),
        overdue: !case.state.is_answered() && case.due_at <= now,
        answered_at: case.answered_at.map(to_proto_time),
        closed_at: case.closed_at.map(to_proto_time),
        reopened: case.reopened,
        version: case.version,
    }
}
