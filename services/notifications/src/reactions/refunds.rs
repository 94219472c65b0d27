//! What becomes of money that was asked back.

use platform::{BoxFuture, Delivery, Error, SystemTx};
use proto::studio::refunds::v1::RefundsEvent;
use proto::studio::refunds::v1::refunds_event::Fact;

use super::{fen, notice, tell, word};
use crate::App;
use crate::domain::fill::Fill;
use crate::domain::message::Notice;

pub fn react<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<RefundsEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move { tell(app, tx, delivery, told(delivery.fact())?).await })
}

/// A notice about the case of a fact, with its amount.
macro_rules! about_case {
    ($template:literal, $fact:expr) => {
        notice(
            $template,
            &$fact.person_id,
            &$fact.studio_id,
            &$fact.case_id,
            Fill::default().money("amount", fen("amount", $fact.amount.as_ref())?),
        )?
    };
}

fn told(event: &RefundsEvent) -> Result<Option<Notice>, Error> {
    Ok(Some(match &event.fact {
        Some(Fact::RefundRequested(f)) => about_case!("refund_requested", f),
        Some(Fact::RefundApproved(f)) => about_case!("refund_approved", f),
        Some(Fact::RefundRejected(f)) => {
            let fill = Fill::default().word("cause", word(f.reason().as_str_name(), "CASE_REJECT_REASON_"));
            notice("refund_rejected", &f.person_id, &f.studio_id, &f.case_id, fill)?
        }
        Some(Fact::RefundCompleted(f)) => about_case!("refund_completed", f),
        Some(
            Fact::PolicyPublished(_)
            | Fact::RefundLegReturned(_)
            | Fact::RefundLegBounced(_)
            | Fact::RefundStuck(_)
            | Fact::RefundResumed(_),
        )
        | None => return Ok(None),
    }))
}
