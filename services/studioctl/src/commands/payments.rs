//! Attempts, payments and refunds, for whoever looks after one of them.

use comfy_table::Table;
use proto::studio::payments::v1 as pb;
use tokio_stream::StreamExt as _;

use super::{Desk, held};
use crate::cli::Payments;
use crate::failure::Failure;
use crate::output::{line, table, time, word, yuan};

/// Who looks after payments.
const STAFF: &str = "finance-staff";
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Payments) -> Result<(), Failure> {
    let house = desk.enter(STAFF).await?;
    match command {
        Payments::List {
            person,
            due,
            transaction,
        } => {
            let request = pb::ListPaymentsRequest {
                person_id: person,
                due_id: due,
                channel_transaction: transaction,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListPaymentsRequest>(&reply, |r| payments(&r.payments))
        }
        Payments::Attempt { attempt_id } => {
            let reply = house.ask(pb::GetAttemptRequest { attempt_id }).await?;
            desk.output
                .reply::<pb::GetAttemptRequest>(&reply, |r| attempt(r.attempt.as_ref()))
        }
        Payments::Watch { attempt_id } => {
            let house = desk.enter("front-desk").await?;
            let mut changes = house.watch(pb::WatchAttemptRequest { attempt_id }).await?;
            while let Some(change) = changes.next().await {
                let change = change.map_err(|s| Failure::of("payments", &s))?;
                let attempt = held(change.attempt, "attempt")?;
                line(&format!("{} {}", attempt.version, state(&attempt)));
            }
            Ok(())
        }
        Payments::Refunds { payment } => {
            let request = pb::ListRefundsRequest {
                payment_id: payment,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListRefundsRequest>(&reply, |r| refunds(&r.refunds))
        }
        Payments::Leg { leg_id } => {
            let request = pb::GetRefundRequest {
                leg_id,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::GetRefundRequest>(&reply, |r| refunds(r.refund.as_slice()))
        }
    }
}

fn state(attempt: &pb::Attempt) -> String {
    word(attempt.state().as_str_name(), "ATTEMPT_STATE_")
}

fn method(method: pb::Method) -> String {
    word(method.as_str_name(), "METHOD_")
}

fn payments(payments: &[pb::Payment]) -> Table {
    let mut rows = table([
        "payment",
        "paid at",
        "payer",
        "amount",
        "refunded",
        "method",
        "transaction",
        "receipt",
    ]);
    for payment in payments {
        rows.add_row([
            payment.payment_id.clone(),
            time(payment.paid_at.as_ref()),
            payment.masked_payer.clone(),
            yuan(payment.amount.as_ref()),
            yuan(payment.refunded.as_ref()),
            method(payment.method()),
            payment.channel_transaction.clone(),
            payment.receipt_number.clone(),
        ]);
    }
    rows
}

fn attempt(attempt: Option<&pb::Attempt>) -> Table {
    let mut rows = table(["attempt", "value"]);
    let Some(attempt) = attempt else { return rows };
    let route = attempt.route.clone().unwrap_or_default();
    let passed_over = route.passed_over.iter().map(|over| {
        let why = word(over.reason().as_str_name(), "PASSED_OVER_REASON_");
        format!("{} ({why})", over.merchant)
    });
    for (name, value) in [
        ("number", attempt.channel_number.clone()),
        ("state", state(attempt)),
        ("failure", attempt.failure.clone()),
        ("amount", yuan(attempt.amount.as_ref())),
        ("method", method(attempt.method())),
        ("account", route.merchant.clone()),
        ("rule", route.rule.clone()),
        ("passed over", passed_over.collect::<Vec<_>>().join(", ")),
        ("started", time(attempt.created_at.as_ref())),
        ("ends", time(attempt.expire_at.as_ref())),
        ("paid", time(attempt.paid_at.as_ref())),
        ("payment", attempt.payment_id.clone()),
    ] {
        rows.add_row([name.to_owned(), value]);
    }
    rows
}

fn refunds(refunds: &[pb::Refund]) -> Table {
    let mut rows = table([
        "refund",
        "leg",
        "amount",
        "state",
        "why",
        "number",
        "asked for",
        "arrived",
    ]);
    for refund in refunds {
        rows.add_row([
            refund.refund_id.clone(),
            refund.leg_id.clone(),
            yuan(refund.amount.as_ref()),
            word(refund.state().as_str_name(), "REFUND_STATE_"),
            refund.bounced_why.clone(),
            refund.refund_number.clone(),
            time(refund.created_at.as_ref()),
            time(refund.succeeded_at.as_ref()),
        ]);
    }
    rows
}
