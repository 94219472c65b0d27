use kernel::to_proto_time;
use platform::Fact;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Payload;

use super::fact;
use crate::domain::exception::Exception;
use crate::domain::verification::Verification;

/// The capture is the first fact of a payment, whatever the desk says the next.
pub fn payment_anomaly_found(look: &Verification, case: &Exception) -> Fact<PaymentsEvent> {
    let reported = look.state.reported();
    let found = pb::PaymentAnomalyFound {
        payment_id: look.payment_id.to_string(),
        exception_id: case.id.to_string(),
        exception_number: case.number.clone(),
        person_id: look.person_id.to_string(),
        studio_id: look.studio_id.to_string(),
        amount: Some(look.amount.into()),
        anomaly: reported
            .map_or(pb::PaymentAnomaly::Unspecified, |(kind, _)| kind.into())
            .into(),
        reported_at: reported.map(|(_, act)| to_proto_time(act.at)),
    };
    fact(
        look.payment_id.0,
        look.version,
        Payload::PaymentAnomalyFound(found),
    )
}
