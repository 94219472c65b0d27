//! Redirections as the contract writes them.

use kernel::to_proto_time;
use proto::studio::payments::v1 as pb;

use super::id;
use crate::domain::redirection::{Redirection, State};

impl From<&State> for pb::RedirectionState {
    fn from(state: &State) -> Self {
        match state {
            State::Proposed => Self::Proposed,
            State::Declined { .. } => Self::Declined,
            State::Confirmed { .. } => Self::Confirmed,
            State::Accepted { .. } => Self::Accepted,
            State::Refused { .. } => Self::Refused,
        }
    }
}

/// The word of the state that a list is narrowed to.
pub fn state(asked: pb::RedirectionState) -> Option<&'static str> {
    match asked {
        pb::RedirectionState::Unspecified => None,
        pb::RedirectionState::Proposed => Some("proposed"),
        pb::RedirectionState::Declined => Some("declined"),
        pb::RedirectionState::Confirmed => Some("confirmed"),
        pb::RedirectionState::Accepted => Some("accepted"),
        pb::RedirectionState::Refused => Some("refused"),
    }
}

pub fn redirection(redirection: &Redirection) -> pb::Redirection {
    pb::Redirection {
        redirection_id: redirection.id.to_string(),
        refund_id: redirection.refund_id.to_string(),
        bank: redirection.bank.clone(),
        number_end: redirection.number_end.clone(),
        state: pb::RedirectionState::from(&redirection.state).into(),
        maker: redirection.maker.to_string(),
        proposed_at: Some(to_proto_time(redirection.proposed_at)),
        checker: id(redirection.state.checker()),
        ended_at: redirection.state.ended_at().map(to_proto_time),
        refused_why: redirection.state.refused_why().unwrap_or_default().to_owned(),
        version: redirection.version,
    }
}
