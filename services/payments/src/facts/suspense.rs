use kernel::{PaymentId, Timestamp, to_proto_time};
use platform::Fact;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Payload;

use super::fact;
use crate::domain::counter_code::CounterCode;
use crate::domain::suspense::Item;
use crate::wire;

pub fn suspense_found(item: &Item) -> Fact<PaymentsEvent> {
    let found = pb::SuspenseFound {
        suspense_id: item.id.to_string(),
        legal_entity_id: item.place.legal_entity.to_string(),
        origin: pb::SuspenseOrigin::from(item.origin).into(),
        amount: Some(item.amount.into()),
        due_at: Some(to_proto_time(item.due_at)),
    };
    fact(item.id, item.version, Payload::SuspenseFound(found))
}

pub fn suspense_ended(item: &Item) -> Fact<PaymentsEvent> {
    let payment = item.attempt.map(|attempt| PaymentId::derived(attempt, "payment"));
    let ended = pb::SuspenseEnded {
        suspense_id: item.id.to_string(),
        legal_entity_id: item.place.legal_entity.to_string(),
        end: wire::suspense::end(item).into(),
        amount: Some(item.amount.into()),
        payment_id: payment.map(|id| id.to_string()).unwrap_or_default(),
    };
    fact(item.id, item.version, Payload::SuspenseEnded(ended))
}

pub fn counter_code_mismatched(code: &CounterCode, at: Timestamp) -> Fact<PaymentsEvent> {
    let found = pb::CounterCodeMismatched {
        code_id: code.id.to_string(),
        studio_id: code.studio.to_string(),
        place: code.place.clone(),
        found_at: Some(to_proto_time(at)),
    };
    fact(code.id, code.version, Payload::CounterCodeMismatched(found))
}
