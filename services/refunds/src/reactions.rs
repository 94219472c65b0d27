//! What others' facts and the clock make happen here: one line each.

use platform::{BoxFuture, Delivery, Error, SystemTx, TaskKind};
use proto::studio::orders::v1::OrdersEvent;
use proto::studio::orders::v1::orders_event::Fact as Order;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Payment;

use crate::App;
use crate::domain::leg::Outcome;

pub mod open_undelivered;
pub mod record_refund;
pub mod send_leg;
pub mod settle_leg;

pub fn orders<'a>(
    _app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<OrdersEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Order::OrderUnfulfillable(fact)) => open_undelivered::react(tx, fact).await,
            _ => Ok(()),
        }
    })
}

pub fn payments<'a>(
    _app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<PaymentsEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Payment::RefundSucceeded(fact)) => {
                settle_leg::react(tx, &fact.leg_id, Outcome::Returned).await
            }
            Some(Payment::RefundBounced(fact)) => {
                settle_leg::react(
                    tx,
                    &fact.leg_id,
                    Outcome::Bounced {
                        why: fact.why.clone(),
                    },
                )
                .await
            }
            _ => Ok(()),
        }
    })
}

pub fn tasks() -> Vec<TaskKind<App>> {
    vec![
        TaskKind::new(open_undelivered::KIND, open_undelivered::run),
        TaskKind::new(record_refund::KIND, record_refund::run),
        TaskKind::new(send_leg::KIND, send_leg::run),
    ]
}
