//! Money that came through a channel, its receipt, and money that had to go
//! back because nothing could take it.

use kernel::StudioId;
use platform::{BoxFuture, Delivery, Error, SystemTx};
use proto::studio::money::v1::Money;
use proto::studio::payments::v1::payments_event::Fact;
use proto::studio::payments::v1::{
    ExceptionOrigin, ExceptionType, Method, PaymentCaptured, PaymentsEvent, Purpose,
};

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
        if let Some(told) = announced(delivery.fact())? {
            let studio = StudioId::parse("studio_id", told.studio)?;
            let about = id("about_id", told.about)?;
            let why = cause(app, delivery);
            queue::announce(app, tx, why, told.template, studio, (about, told.fill)).await?;
        }
        tell(app, tx, delivery, told(delivery.fact())?).await
    })
}

/// What departments of a studio hear.
struct Announced<'a> {
    template: &'static str,
    studio: &'a str,
    about: &'a str,
    fill: Fill,
}

fn announced(event: &PaymentsEvent) -> Result<Option<Announced<'_>>, Error> {
    Ok(match &event.fact {
        Some(Fact::PaymentCaptured(f)) => Some(Announced {
            template: "payment_announced",
            studio: &f.studio_id,
            about: &f.payment_id,
            fill: captured(f)?,
        }),
        // What the system isolated goes back by itself: nobody has to act.
        Some(Fact::ExceptionOpened(f)) if f.origin() == ExceptionOrigin::IsolatedMoney => None,
        // Told at once by what the desk found.
        Some(Fact::ExceptionOpened(f)) if f.r#type() == ExceptionType::Mismatch => None,
        Some(Fact::PaymentAnomalyFound(f)) => Some(Announced {
            template: "payment_anomaly",
            studio: &f.studio_id,
            about: &f.payment_id,
            fill: Fill::default()
                .text("exception_number", &f.exception_number)
                .money("amount", fen("amount", f.amount.as_ref())?)
                .word("anomaly", word(f.anomaly().as_str_name(), "PAYMENT_")),
        }),
        Some(Fact::ExceptionOpened(f)) => Some(Announced {
            template: "exception_announced",
            studio: &f.studio_id,
            about: &f.exception_id,
            fill: exception(&f.exception_number, f.amount.as_ref(), f.due_at.as_ref())?
                .word("type", word(f.r#type().as_str_name(), "EXCEPTION_TYPE_")),
        }),
        Some(Fact::ExceptionOverdue(f)) => Some(Announced {
            template: "exception_overdue",
            studio: &f.studio_id,
            about: &f.exception_id,
            fill: exception(&f.exception_number, f.amount.as_ref(), f.due_at.as_ref())?
                .word("type", word(f.r#type().as_str_name(), "EXCEPTION_TYPE_")),
        }),
        Some(Fact::CounterCodeMismatched(f)) => Some(Announced {
            template: "counter_code_mismatched",
            studio: &f.studio_id,
            about: &f.code_id,
            fill: Fill::default()
                .text("place", &f.place)
                .time("found_at", time("found_at", f.found_at.as_ref())?),
        }),
        _ => None,
    })
}

fn exception(
    number: &str,
    amount: Option<&Money>,
    due_at: Option<&prost_types::Timestamp>,
) -> Result<Fill, Error> {
    Ok(Fill::default()
        .text("exception_number", number)
        .money("amount", fen("amount", amount)?)
        .time("due_at", time("due_at", due_at)?))
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
        // Isolated money goes back by itself, and `payment_returned` tells it.
        Some(Fact::ExceptionOpened(f)) if f.origin() == ExceptionOrigin::IsolatedMoney => return Ok(None),
        Some(Fact::ExceptionAnswered(f)) if f.origin() == ExceptionOrigin::IsolatedMoney && f.proven => {
            return Ok(None);
        }
        Some(Fact::ExceptionOpened(f)) => {
            let fill = exception(&f.exception_number, f.amount.as_ref(), f.due_at.as_ref())?;
            notice("exception_opened", &f.person_id, &f.studio_id, &f.exception_id, fill)?
        }
        Some(Fact::ExceptionAnswered(f)) => {
            let fill = Fill::default()
                .text("exception_number", &f.exception_number)
                .word("remedy", word(f.remedy().as_str_name(), "REMEDY_"));
            notice("exception_answered", &f.person_id, &f.studio_id, &f.exception_id, fill)?
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
            // The departments hear of these.
            | Fact::CounterCodeMismatched(_)
            | Fact::ExceptionOverdue(_)
            | Fact::ExceptionClosed(_)
            | Fact::PaymentAnomalyFound(_)
            // The studio and finance read of it in the report of the day.
            | Fact::DrawerCounted(_)
            | Fact::DrawerDayConfirmed(_)
            // Finance finds it in its queue.
            | Fact::SuspenseFound(_)
            | Fact::SuspenseEnded(_),
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
