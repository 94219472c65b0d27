//! What the desk looked at, as the contract writes it.

use kernel::{Timestamp, to_proto_time};
use proto::studio::payments::v1 as pb;

use super::{id, mirrored};
use crate::domain::verification::{Anomaly, State};
use crate::store::verification::Looked;

mirrored!(
    Anomaly,
    PaymentAnomaly {
        WrongAmount,
        WrongPerson,
        Other
    }
);

impl From<State> for pb::VerificationState {
    fn from(state: State) -> Self {
        match state {
            State::Awaiting => Self::Awaiting,
            State::Verified(_) => Self::Verified,
            State::Anomaly { .. } => Self::Anomaly,
        }
    }
}

/// The word under which a state is kept; nothing asks for all.
pub fn state_word(state: pb::VerificationState) -> Option<&'static str> {
    match state {
        pb::VerificationState::Unspecified => None,
        pb::VerificationState::Awaiting => Some("awaiting"),
        pb::VerificationState::Verified => Some("verified"),
        pb::VerificationState::Anomaly => Some("anomaly"),
    }
}

pub fn verification(row: &Looked, now: Timestamp) -> pb::Verification {
    let look = &row.look;
    let verified = look.state.verified();
    let reported = look.state.reported();
    pb::Verification {
        payment_id: look.payment_id.to_string(),
        person_id: look.person_id.to_string(),
        studio_id: look.studio_id.to_string(),
        amount: Some(look.amount.into()),
        method: pb::Method::from(row.method).into(),
        channel_transaction: row.transaction.clone(),
        paid_at: Some(to_proto_time(row.paid_at)),
        state: pb::VerificationState::from(look.state).into(),
        due_at: Some(to_proto_time(look.due_at)),
        overdue: look.is_overdue(now),
        age_s: (now - row.captured_at).num_seconds(),
        verified_by: id(verified.map(|act| act.by)),
        verified_at: verified.map(|act| to_proto_time(act.at)),
        anomaly: reported
            .map_or(pb::PaymentAnomaly::Unspecified, |(kind, _)| kind.into())
            .into(),
        reported_by: id(reported.map(|(_, act)| act.by)),
        reported_at: reported.map(|(_, act)| to_proto_time(act.at)),
        exception_id: id(reported.map(|_| look.case_id())),
        version: look.version,
    }
}
