//! What may be started at cashiers, as the contract writes it.

use kernel::{LimitId, to_proto_time};
use proto::studio::money::v1::Money;
use proto::studio::payments::v1 as pb;

use super::id;
use super::reconciliation::mirrored;
use crate::domain::limit::{Limit, Place, Set, Subject};
use crate::store::blocked::Listed;

mirrored!(
    Subject,
    LimitSubject {
        Member,
        Device,
        Studio
    }
);

fn limit(limit: &Limit) -> pb::Limit {
    let (studio, entity) = match limit.place {
        Place::Everywhere => (None, None),
        Place::Studio(studio) => (Some(studio), None),
        Place::LegalEntity(entity) => (None, Some(entity)),
    };
    pb::Limit {
        limit_id: id(limit.id),
        studio_id: id(studio),
        legal_entity_id: id(entity),
        subject: pb::LimitSubject::from(limit.terms.subject).into(),
        window_s: limit.terms.window_s,
        most_starts: limit.terms.most_starts.unwrap_or_default(),
        most_amount: limit.terms.most.map(Money::from),
        ..pb::Limit::default()
    }
}

pub fn limit_set(limit_id: LimitId, set: &Set) -> pb::Limit {
    pb::Limit {
        limit_id: limit_id.to_string(),
        effective_from: Some(to_proto_time(set.effective_from)),
        note: set.note.clone(),
        set_by: set.set_by.to_string(),
        set_at: Some(to_proto_time(set.set_at)),
        ..limit(&set.limit)
    }
}

pub fn blocked(row: &Listed) -> pb::BlockedStart {
    pb::BlockedStart {
        blocked_start_id: row.id.to_string(),
        intent_id: row.intent.to_string(),
        person_id: row.person.to_string(),
        studio_id: row.studio.to_string(),
        legal_entity_id: row.legal_entity.to_string(),
        device: row.device.clone(),
        method: pb::Method::from(row.method).into(),
        amount: Some(row.amount.into()),
        limit: Some(limit(&row.block.limit)),
        starts: row.block.before.starts,
        started: Some(Money {
            minor: row.block.before.minor,
            currency: kernel::CURRENCY.to_owned(),
        }),
        retry_at: row.block.retry_at.map(to_proto_time),
        blocked_at: Some(to_proto_time(row.at)),
    }
}
