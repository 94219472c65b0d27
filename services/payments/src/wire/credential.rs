//! The register of credentials as the contract writes it.

use kernel::{Timestamp, to_proto_time};
use proto::studio::payments::v1 as pb;

use super::mirrored;
use crate::domain::credential::{Checked, Credential, Kind, Rotation, State};

mirrored!(
    Kind,
    CredentialKind {
        LoginPassword,
        PaymentPassword,
        BankKey,
        ApiKey,
        Certificate
    }
);

impl From<State> for pb::CredentialState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Retired => Self::Retired,
        }
    }
}

impl From<Checked> for pb::RotationState {
    fn from(state: Checked) -> Self {
        match state {
            Checked::Recorded => Self::Recorded,
            Checked::Confirmed => Self::Confirmed,
            Checked::Declined => Self::Declined,
        }
    }
}

/// With the rotation that waits for a second person.
pub fn credential(kept: &Credential, recorded: Option<&Rotation>, now: Timestamp) -> pb::Credential {
    pb::Credential {
        credential_id: kept.id.to_string(),
        legal_entity_id: kept.legal_entity.to_string(),
        kind: pb::CredentialKind::from(kept.kind).into(),
        account: kept.account.clone(),
        name: kept.name.clone(),
        holder_id: kept.holder.to_string(),
        rotate_every_days: kept.every_days,
        rotated_at: Some(to_proto_time(kept.rotated_at)),
        rotate_by: Some(to_proto_time(kept.rotate_by())),
        overdue: kept.is_overdue(now),
        state: pb::CredentialState::from(kept.state).into(),
        recorded: recorded.map(rotation),
        version: kept.version,
    }
}

pub fn rotation(kept: &Rotation) -> pb::Rotation {
    pb::Rotation {
        rotation_id: kept.id.to_string(),
        rotated_at: Some(to_proto_time(kept.rotated_at)),
        recorded_by: kept.recorded_by.to_string(),
        recorded_at: Some(to_proto_time(kept.recorded_at)),
        note: kept.note.clone(),
        state: pb::RotationState::from(kept.state).into(),
        checked_by: kept.checked_by.map(|by| by.to_string()).unwrap_or_default(),
        checked_at: kept.checked_at.map(to_proto_time),
    }
}
