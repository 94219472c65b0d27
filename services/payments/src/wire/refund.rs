//! Refunds as the contract writes them.

use kernel::to_proto_time;
use proto::studio::payments::v1 as pb;

use crate::domain::refund::{Refund, State};

/// The word of the state that a list is narrowed to.
pub fn state(asked: pb::RefundState) -> Option<&'static str> {
    match asked {
        pb::RefundState::Unspecified => None,
        pb::RefundState::Reserved => Some("reserved"),
        pb::RefundState::Submitted => Some("submitted"),
        pb::RefundState::Abnormal => Some("abnormal"),
        pb::RefundState::Succeeded => Some("succeeded"),
        pb::RefundState::Bounced => Some("bounced"),
    }
}

pub fn refund(refund: &Refund) -> pb::Refund {
    let mut wire = pb::Refund {
        refund_id: refund.id.to_string(),
        payment_id: refund.payment_id.to_string(),
        leg_id: refund.leg_id.to_string(),
        amount: Some(refund.amount.into()),
        reason: refund.reason.clone(),
        refund_number: refund.number.to_string(),
        created_at: Some(to_proto_time(refund.created_at)),
        ..pb::Refund::default()
    };
    let state = match &refund.state {
        State::Reserved => pb::RefundState::Reserved,
        State::Submitted => pb::RefundState::Submitted,
        State::Abnormal => pb::RefundState::Abnormal,
        State::Succeeded { at, channel_refund } => {
            wire.succeeded_at = Some(to_proto_time(*at));
            wire.channel_refund.clone_from(channel_refund);
            pb::RefundState::Succeeded
        }
        State::Bounced { why } => {
            wire.bounced_why.clone_from(why);
            pb::RefundState::Bounced
        }
    };
    wire.state = state.into();
    wire
}
