//! Money in suspense and slips of transfers as the contract writes them.

use kernel::{Timestamp, to_proto_time};
use proto::studio::payments::v1 as pb;

use super::{id, mirrored};
use crate::domain::suspense::{By, End, Ending, Item, Origin, State};
use crate::domain::transfer::ProofKind;

mirrored!(
    Ending,
    SuspenseEnd {
        Assign,
        SendBack,
        Explain
    }
);
mirrored!(ProofKind, ProofType { Png, Jpeg, Pdf });

impl From<Origin> for pb::SuspenseOrigin {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::BankLine => Self::BankLine,
            Origin::Remainder => Self::Remainder,
            Origin::CounterCode => Self::CounterCode,
        }
    }
}

impl From<&State> for pb::SuspenseState {
    fn from(state: &State) -> Self {
        match state {
            State::Open => Self::Open,
            State::Proposed { .. } => Self::Proposed,
            State::Ended { end, .. } => match end {
                End::Assign(_) => Self::Assigned,
                End::SendBack => Self::SentBack,
                End::Explain => Self::Explained,
            },
        }
    }
}

/// The word of a state in a request; nothing when it is not specified.
pub fn state_word(state: pb::SuspenseState) -> Option<&'static str> {
    match state {
        pb::SuspenseState::Unspecified => None,
        pb::SuspenseState::Open => Some("open"),
        pb::SuspenseState::Proposed => Some("proposed"),
        pb::SuspenseState::Assigned => Some("assigned"),
        pb::SuspenseState::SentBack => Some("sent_back"),
        pb::SuspenseState::Explained => Some("explained"),
    }
}

/// What becomes of an item.
pub fn end(item: &Item) -> pb::SuspenseEnd {
    let end = item.state.end();
    end.map_or(pb::SuspenseEnd::Unspecified, |end| end.ending().into())
}

pub fn item(kept: &Item, now: Timestamp) -> pb::SuspenseItem {
    let (maker, checker, ended_at) = match kept.state {
        State::Open => (None, None, None),
        State::Proposed { maker, .. } => (Some(maker), None, None),
        State::Ended {
            by: By::Persons { maker, checker },
            at,
            ..
        } => (Some(maker), Some(checker), Some(at)),
        State::Ended {
            by: By::Proof, at, ..
        } => (None, None, Some(at)),
    };
    pb::SuspenseItem {
        suspense_id: kept.id.to_string(),
        origin: pb::SuspenseOrigin::from(kept.origin).into(),
        account: kept.place.account.clone(),
        legal_entity_id: kept.place.legal_entity.to_string(),
        transaction: kept.place.transaction.clone(),
        amount: Some(kept.amount.into()),
        received_at: Some(to_proto_time(kept.place.received_at)),
        found_at: Some(to_proto_time(kept.found_at)),
        due_at: Some(to_proto_time(kept.due_at)),
        overdue: kept.is_overdue(now),
        state: pb::SuspenseState::from(&kept.state).into(),
        suggested_intent_id: id(kept.suggested),
        end: end(kept).into(),
        intent_id: id(kept.state.end().and_then(End::intent)),
        note: kept.note.clone(),
        maker: id(maker),
        checker: id(checker),
        ended_at: ended_at.map(to_proto_time),
        version: kept.version,
    }
}
