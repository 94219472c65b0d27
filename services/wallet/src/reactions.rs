//! What others' facts and the clock make happen here: one line each.

use platform::{BoxFuture, Delivery, Error, SystemTx, TaskKind};
use proto::studio::members::v1::MembersEvent;
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::payments::v1::payments_event::Fact as Payment;
use proto::studio::payments::v1::{PaymentsEvent, Purpose};

use crate::App;

pub mod cancel_intent;
pub mod expire_hold;
pub mod expire_recharge;
mod intent_ended;
mod open_wallet;
mod receive_recharge;
mod recharge_return;
pub mod send_recharge_back;

pub fn members<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<MembersEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Member::PersonRegistered(fact)) => open_wallet::react(app, tx, fact).await,
            _ => Ok(()),
        }
    })
}

pub fn payments<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<PaymentsEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    let recharge = Purpose::Recharge;
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Payment::PaymentCaptured(fact)) if fact.purpose() == recharge => {
                receive_recharge::react(app, tx, delivery.event_id, fact).await
            }
            Some(Payment::IntentExpired(fact)) if fact.purpose() == recharge => {
                intent_ended::react(tx, &fact.due_id).await
            }
            Some(Payment::IntentCancelled(fact)) if fact.purpose() == recharge => {
                intent_ended::react(tx, &fact.due_id).await
            }
            Some(Payment::RefundSucceeded(fact)) => {
                recharge_return::succeeded(app, tx, delivery.event_id, fact).await
            }
            Some(Payment::RefundBounced(fact)) => {
                recharge_return::bounced(app, tx, delivery.event_id, fact).await
            }
            _ => Ok(()),
        }
    })
}

pub fn tasks() -> Vec<TaskKind<App>> {
    vec![
        TaskKind::new(cancel_intent::KIND, cancel_intent::run),
        TaskKind::new(expire_hold::KIND, expire_hold::run),
        TaskKind::new(expire_recharge::KIND, expire_recharge::run),
        TaskKind::new(send_recharge_back::KIND, send_recharge_back::run),
    ]
}
