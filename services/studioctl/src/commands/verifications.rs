//! The desk's look at what was paid.

use comfy_table::Table;
use proto::studio::payments::v1 as pb;

use super::{Desk, held, money};
use crate::cli::Verifications;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{table, time, word, yuan};

/// Who looks.
const DESK: &str = "front-desk";

pub async fn run(desk: &Desk, command: Verifications) -> Result<(), Failure> {
    let house = desk.enter(DESK).await?;
    let look = match command {
        Verifications::List { overdue, all, studio } => {
            let state = if all || overdue {
                pb::VerificationState::Unspecified
            } else {
                pb::VerificationState::Awaiting
            };
            let request = pb::ListVerificationsRequest {
                studio_id: studio,
                state: state.into(),
                overdue,
                page_size: 200,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            return desk
                .output
                .reply::<pb::ListVerificationsRequest>(&reply, |r| looks(&r.verifications));
        }
        step => act(&house, step).await?,
    };
    let look = held(look, "verification")?;
    let reply = pb::VerifyPaymentResponse {
        verification: Some(look.clone()),
    };
    desk.output
        .reply::<pb::VerifyPaymentRequest>(&reply, |_| looks(&[look]))
}

/// What a person saw.
async fn act(house: &House, step: Verifications) -> Result<Option<pb::Verification>, Failure> {
    Ok(match step {
        Verifications::Verify {
            payment_id,
            amount,
            member,
        } => {
            let request = pb::VerifyPaymentRequest {
                request_id: request_id(),
                payment_id,
                amount: Some(money(&amount)?),
                person_id: member,
            };
            house.ask(request).await?.verification
        }
        Verifications::Report {
            payment_id,
            what,
            text,
            contact,
        } => {
            let request = pb::ReportAnomalyRequest {
                request_id: request_id(),
                payment_id,
                anomaly: pb::PaymentAnomaly::from(what).into(),
                text,
                contact,
            };
            house.ask(request).await?.verification
        }
        Verifications::List { .. } => None,
    })
}

fn looks(looks: &[pb::Verification]) -> Table {
    let mut rows = table([
        "payment", "member", "amount", "method", "paid", "state", "until", "overdue", "anomaly", "case",
    ]);
    for look in looks {
        rows.add_row([
            look.payment_id.clone(),
            look.person_id.clone(),
            yuan(look.amount.as_ref()),
            word(look.method().as_str_name(), "METHOD_"),
            time(look.paid_at.as_ref()),
            word(look.state().as_str_name(), "VERIFICATION_STATE_"),
            time(look.due_at.as_ref()),
            look.overdue.to_string(),
            word(look.anomaly().as_str_name(), "PAYMENT_ANOMALY_"),
            look.exception_id.clone(),
        ]);
    }
    rows
}
