//! Money that came through a channel, its receipt, and money that had to go
//! back because nothing could take it.

use platform::{BoxFuture, Delivery, Error, SystemTx};
use proto::studio::payments::v1::payments_event::Fact;
use proto::studio::payments::v1::{Method, PaymentCaptured, PaymentsEvent, Purpose};

use super::{cause, fen, id, notice, tell, time, word};
use crate::domain::fill::Fill;
use crate::domain::message::Notice;
use crate::{App, queue};

pub fn react<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<PaymentsEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        if let Some(Fact::PaymentCaptured(fact)) = &delivery.fact().fact {
            let studio = kernel::StudioId::parse("studio_id", &fact.studio_id)?;
            let payment = id("payment_id", &fact.payment_id)?;
            queue::announce(
                app,
                tx,
                cause(app, delivery),
                "payment_announced",
                studio,
                (payment, captured(fact)?),
            )
            .await?;
        }
        tell(app, tx, delivery, told(delivery.fact())?).await
    })
}

fn told(event: &PaymentsEvent) -> Result<Option<Notice>, Error> {
    Ok(Some(match &event.fact {
        // A recharge is told by the wallet, which knows what becomes of it.
        Some(Fact::PaymentCaptured(f)) if f.purpose() == Purpose::Recharge => return Ok(None),
        Some(Fact::PaymentCaptured(f)) => notice(
            "payment_received",
            &f.person_id,
            &f.studio_id,
            &f.payment_id,
            captured(f)?,
        )?,
        Some(Fact::ReceiptIssued(f)) => {
            let fill = Fill::default()
                .text("receipt_number", &f.receipt_number)
                .money("amount", fen("amount", f.amount.as_ref())?);
            notice("receipt_issued", &f.person_id, &f.studio_id, &f.receipt_id, fill)?
        }
        Some(Fact::MoneyReturned(f)) => {
            let fill = Fill::default().money("amount", fen("amount", f.amount.as_ref())?);
            notice(
                "payment_returned",
                &f.person_id,
                &f.studio_id,
                &f.isolated_id,
                fill,
            )?
        }
        Some(
            Fact::AttemptOpened(_)
            | Fact::IntentExpired(_)
            | Fact::IntentCancelled(_)
            | Fact::RefundSucceeded(_)
            | Fact::RefundBounced(_)
            | Fact::RefundAbnormal(_)
            | Fact::MoneyIsolated(_)
            // Finance finds these in its queues.
            | Fact::DifferenceFound(_)
            | Fact::DifferenceResolved(_)
            | Fact::SettlementSeen(_)
            | Fact::BankBalanceSeen(_)
            | Fact::ReconciliationDayClosed(_)
            // The studio and finance read of it in the report of the day.
            | Fact::DrawerCounted(_)
            | Fact::DrawerDayConfirmed(_),
        )
        | None => return Ok(None),
    }))
}

fn captured(fact: &PaymentCaptured) -> Result<Fill, Error> {
    Ok(Fill::default()
        .money("amount", fen("amount", fact.amount.as_ref())?)
        .word("method", method(fact.method()))
        .time("at", time("paid_at", fact.paid_at.as_ref())?))
}

fn method(method: Method) -> String {
    word(method.as_str_name(), "METHOD_")
}
