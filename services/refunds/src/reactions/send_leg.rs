use kernel::{RefundCaseId, RefundLegId, derived_uuid};
use platform::{BoxFuture, Error, NewTask, Settled, Task, request};
use proto::studio::payments::v1 as payments;
use proto::studio::wallet::v1 as wallet;
use serde::{Deserialize, Serialize};

use super::settle_leg;
use crate::domain::Leg;
use crate::domain::leg::{LegState, Outcome};
use crate::domain::order::Route;
use crate::{App, store};

pub const KIND: &str = "send_leg";

/// What the payer may read in the channel's app.
const REASON: &str = "会员退费";

#[derive(Serialize, Deserialize)]
struct Payload {
    leg: RefundLegId,
    attempt: i32,
}

/// Legs go back side by side, so each has a lane of its own.
pub fn task(leg: &Leg) -> NewTask {
    let payload = Payload {
        leg: leg.id,
        attempt: leg.attempt,
    };
    NewTask::now(KIND, leg.case, &payload).lane(leg.id.to_string())
}

/// Sends one leg to where the money came from. The other side knows the try by
/// an id that follows from leg and attempt, so a retry after a crash, a lost
/// answer or a lost lease moves nothing twice.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Payload { leg, attempt } = task.payload()?;
        let case = RefundCaseId(task.aggregate);
        let legs = {
            let mut tx = task.begin(app).await?;
            store::legs::of_case(&mut tx, case).await?
        };
        let waiting = |l: &Leg| l.id == leg && l.attempt == attempt && l.state == LegState::Planned;
        let Some(leg) = legs.into_iter().find(waiting) else {
            return task.begin(app).await?.done(task).await;
        };

        let outcome = match send(app, &leg).await {
            Ok(outcome) => outcome,
            Err(error) => return task.ask_again(app, error).await,
        };

        let mut tx = task.begin(app).await?;
        settle_leg::settle(&mut tx, leg.case, leg.id, attempt, &outcome).await?;
        tx.done(task).await
    })
}

/// A definite no is the end of this try. Anything unclear is an error, so the
/// task comes again with the same ids.
async fn send(app: &App, leg: &Leg) -> Result<Outcome, Error> {
    let sent = match leg.route {
        Route::Wallet => to_wallet(app, leg).await,
        Route::Channel(payment) => to_channel(app, leg, payment.to_string()).await,
    };
    sent.or_else(|error| match error.definite_no() {
        Some(why) => Ok(Outcome::Bounced { why }),
        None => Err(error),
    })
}

async fn to_wallet(app: &App, leg: &Leg) -> Result<Outcome, Error> {
    let ask = wallet::ReturnSpendRequest {
        request_id: derived_uuid(leg.sent_as(), "return").to_string(),
        due_id: leg.due.to_string(),
        leg_id: leg.sent_as().to_string(),
        amount: Some(leg.amount.into()),
        case_id: leg.case.to_string(),
    };
    app.wallets.clone().return_spend(request(ask)).await?;
    Ok(Outcome::Returned)
}

async fn to_channel(app: &App, leg: &Leg, payment_id: String) -> Result<Outcome, Error> {
    let ask = payments::RefundRequest {
        request_id: derived_uuid(leg.sent_as(), "refund").to_string(),
        payment_id,
        leg_id: leg.sent_as().to_string(),
        amount: Some(leg.amount.into()),
        reason: REASON.to_owned(),
    };
    let refund = app
        .payments
        .clone()
        .refund(request(ask))
        .await?
        .into_inner()
        .refund
        .unwrap_or_default();
    Ok(match refund.state() {
        payments::RefundState::Succeeded => Outcome::Returned,
        payments::RefundState::Bounced => Outcome::Bounced {
            why: refund.bounced_why,
        },
        payments::RefundState::Unspecified
        | payments::RefundState::Reserved
        | payments::RefundState::Submitted
        | payments::RefundState::Abnormal => Outcome::Sent,
    })
}
