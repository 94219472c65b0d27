//! What others may know: domain values as facts, ids and amounts only.

mod drawer;
mod exception;
mod reconciliation;
mod suspense;
mod verification;

use kernel::{Timestamp, to_proto_time};
use platform::Fact;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Payload;

use crate::domain::attempt::Attempt;
use crate::domain::intent::Intent;
use crate::domain::isolated::IsolatedMoney;
use crate::domain::payment::Payment;
use crate::domain::receipt::Receipt;
use crate::domain::refund::Refund;

pub use drawer::{drawer_counted, drawer_day_confirmed};
pub use exception::{exception_answered, exception_closed, exception_opened, exception_overdue};
pub use reconciliation::{
    bank_balance_seen, day_closed, difference_found, difference_resolved, settlement_seen,
};
pub use verification::payment_anomaly_found;

pub use suspense::{counter_code_mismatched, suspense_ended, suspense_found};

fn fact(aggregate: uuid::Uuid, version: i64, payload: Payload) -> Fact<PaymentsEvent> {
    Fact {
        aggregate,
        version,
        event: PaymentsEvent { fact: Some(payload) },
    }
}

pub fn attempt_opened(attempt: &Attempt, intent: &Intent) -> Fact<PaymentsEvent> {
    let opened = pb::AttemptOpened {
        attempt_id: attempt.id.to_string(),
        intent_id: intent.id.to_string(),
        purpose: pb::Purpose::from(intent.claim.purpose).into(),
        due_id: intent.claim.due_id.to_string(),
        person_id: intent.claim.person_id.to_string(),
        studio_id: intent.claim.studio_id.to_string(),
        amount: Some(attempt.amount.into()),
        method: pb::Method::from(attempt.method).into(),
        expire_at: Some(to_proto_time(attempt.expire_at)),
    };
    fact(attempt.id.0, attempt.version, Payload::AttemptOpened(opened))
}

pub fn payment_captured(payment: &Payment) -> Fact<PaymentsEvent> {
    let claim = &payment.claim;
    let captured = pb::PaymentCaptured {
        payment_id: payment.id.to_string(),
        intent_id: payment.intent_id.to_string(),
        attempt_id: payment.attempt_id.to_string(),
        purpose: pb::Purpose::from(claim.purpose).into(),
        due_id: claim.due_id.to_string(),
        person_id: claim.person_id.to_string(),
        studio_id: claim.studio_id.to_string(),
        legal_entity_id: claim.legal_entity_id.to_string(),
        amount: Some(claim.amount.into()),
        method: pb::Method::from(payment.method).into(),
        channel_transaction: payment.transaction.clone(),
        paid_at: Some(to_proto_time(payment.paid_at)),
        captured_at: Some(to_proto_time(payment.captured_at)),
    };
    fact(payment.id.0, 1, Payload::PaymentCaptured(captured))
}

pub fn receipt_issued(receipt: &Receipt) -> Fact<PaymentsEvent> {
    let issued = pb::ReceiptIssued {
        receipt_id: receipt.id.to_string(),
        receipt_number: receipt.number.clone(),
        payment_id: receipt.payment_id.to_string(),
        person_id: receipt.person_id.to_string(),
        studio_id: receipt.studio_id.to_string(),
        legal_entity_id: receipt.legal_entity_id.to_string(),
        amount: Some(receipt.amount.into()),
        purpose: pb::Purpose::from(receipt.purpose).into(),
        due_id: receipt.due_id.to_string(),
    };
    fact(receipt.id.0, 1, Payload::ReceiptIssued(issued))
}

pub fn intent_expired(intent: &Intent) -> Fact<PaymentsEvent> {
    let expired = pb::IntentExpired {
        intent_id: intent.id.to_string(),
        purpose: pb::Purpose::from(intent.claim.purpose).into(),
        due_id: intent.claim.due_id.to_string(),
        person_id: intent.claim.person_id.to_string(),
        studio_id: intent.claim.studio_id.to_string(),
    };
    fact(intent.id.0, intent.version, Payload::IntentExpired(expired))
}

pub fn intent_cancelled(intent: &Intent) -> Fact<PaymentsEvent> {
    let cancelled = pb::IntentCancelled {
        intent_id: intent.id.to_string(),
        purpose: pb::Purpose::from(intent.claim.purpose).into(),
        due_id: intent.claim.due_id.to_string(),
        person_id: intent.claim.person_id.to_string(),
        studio_id: intent.claim.studio_id.to_string(),
    };
    fact(intent.id.0, intent.version, Payload::IntentCancelled(cancelled))
}

pub fn refund_succeeded(refund: &Refund, at: Timestamp) -> Fact<PaymentsEvent> {
    let succeeded = pb::RefundSucceeded {
        refund_id: refund.id.to_string(),
        payment_id: refund.payment_id.to_string(),
        leg_id: refund.leg_id.to_string(),
        amount: Some(refund.amount.into()),
        person_id: refund.person_id.to_string(),
        studio_id: refund.studio_id.to_string(),
        succeeded_at: Some(to_proto_time(at)),
    };
    fact(refund.id.0, refund.version, Payload::RefundSucceeded(succeeded))
}

pub fn refund_bounced(refund: &Refund, why: &str) -> Fact<PaymentsEvent> {
    let bounced = pb::RefundBounced {
        refund_id: refund.id.to_string(),
        payment_id: refund.payment_id.to_string(),
        leg_id: refund.leg_id.to_string(),
        amount: Some(refund.amount.into()),
        why: why.to_owned(),
        person_id: refund.person_id.to_string(),
        studio_id: refund.studio_id.to_string(),
    };
    fact(refund.id.0, refund.version, Payload::RefundBounced(bounced))
}

pub fn refund_abnormal(refund: &Refund) -> Fact<PaymentsEvent> {
    let abnormal = pb::RefundAbnormal {
        refund_id: refund.id.to_string(),
        payment_id: refund.payment_id.to_string(),
        leg_id: refund.leg_id.to_string(),
        amount: Some(refund.amount.into()),
        refund_number: refund.number.to_string(),
        person_id: refund.person_id.to_string(),
        studio_id: refund.studio_id.to_string(),
    };
    fact(refund.id.0, refund.version, Payload::RefundAbnormal(abnormal))
}

pub fn money_isolated(money: &IsolatedMoney, intent: &Intent) -> Fact<PaymentsEvent> {
    let isolated = pb::MoneyIsolated {
        isolated_id: money.id.to_string(),
        attempt_id: money.attempt_id.to_string(),
        intent_id: money.intent_id.to_string(),
        cause: pb::IsolationCause::from(money.cause).into(),
        amount: Some(money.amount.into()),
        person_id: money.person_id.to_string(),
        studio_id: money.studio_id.to_string(),
        purpose: pb::Purpose::from(intent.claim.purpose).into(),
        due_id: intent.claim.due_id.to_string(),
    };
    fact(money.id.0, money.version, Payload::MoneyIsolated(isolated))
}

pub fn money_returned(money: &IsolatedMoney) -> Fact<PaymentsEvent> {
    let returned = pb::MoneyReturned {
        isolated_id: money.id.to_string(),
        attempt_id: money.attempt_id.to_string(),
        intent_id: money.intent_id.to_string(),
        amount: Some(money.amount.into()),
        person_id: money.person_id.to_string(),
        studio_id: money.studio_id.to_string(),
    };
    fact(money.id.0, money.version, Payload::MoneyReturned(returned))
}
