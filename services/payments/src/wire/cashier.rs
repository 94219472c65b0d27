//! What may be started at cashiers, as the contract writes it.

use kernel::{ClosureId, LimitId, to_proto_time};
use proto::studio::money::v1::Money;
use proto::studio::payments::v1 as pb;

use super::id;
use super::mirrored;
use crate::domain::closure::Closure;
use crate::domain::limit::{Limit, Place, Set, Subject};
use crate::domain::notice::Offered;
use crate::store::blocked::Listed;

mirrored!(
    Subject,
    LimitSubject {
        Member,
        Device,
        Studio
    }
);

/// The ids of a studio and of a legal entity, of which one is empty.
fn named(place: Place) -> (String, String) {
    match place {
        Place::Everywhere => (String::new(), String::new()),
        Place::Studio(studio) => (studio.to_string(), String::new()),
        Place::LegalEntity(entity) => (String::new(), entity.to_string()),
    }
}

fn limit(limit: &Limit) -> pb::Limit {
    let (studio, entity) = named(limit.place);
    pb::Limit {
        limit_id: id(limit.id),
        studio_id: studio,
        legal_entity_id: entity,
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

pub fn closure(closure_id: ClosureId, closure: &Closure) -> pb::CashierClosure {
    let (studio, entity) = named(closure.place);
    let reopened = closure.reopened;
    pb::CashierClosure {
        closure_id: closure_id.to_string(),
        studio_id: studio,
        legal_entity_id: entity,
        channel: closure
            .channel
            .and_then(Offered::of_channel)
            .map_or(pb::OfferedMethod::Unspecified, pb::OfferedMethod::from)
            .into(),
        reason: closure.reason.clone(),
        closed_by: id(closure.closed_by),
        closed_at: Some(to_proto_time(closure.closed_at)),
        reopened_by: id(reopened.and_then(|r| r.by)),
        reopened_at: reopened.map(|r| to_proto_time(r.at)),
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
