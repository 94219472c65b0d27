use kernel::{RechargeId, derived_uuid};
use platform::{BoxFuture, Error, Settled, Task, inconsistent, request};
use proto::studio::payments::v1::{RefundRequest, RefundState};

use super::recharge_return;
use crate::App;
use crate::domain::recharge::{Return, State, WayBack};
use crate::store;

pub const KIND: &str = "send_recharge_back";

/// What the payer may read in the channel's app.
const REASON: &str = "充值未通过审核，原路退回";

/// Has payments send the money of a rejected recharge back. The leg is derived
/// from recharge and attempt, so a retry after a crash finds the first try.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = RechargeId(task.aggregate);
        let found = {
            let mut tx = task.begin(app).await?;
            store::recharges::find(&mut tx, id).await?
        };
        let recharge = found.ok_or_else(|| inconsistent("recharges", "a task for none"))?;
        let State::Returning(sent) = recharge.state else {
            return task.begin(app).await?.done(task).await;
        };

        let outcome = match send(app, &sent).await {
            Ok(outcome) => outcome,
            Err(error) => return task.ask_again(app, error).await,
        };

        let mut tx = task.begin(app).await?;
        if let Some(outcome) = outcome {
            recharge_return::settle(app, &mut tx, sent.leg, task.id.0, outcome).await?;
        }
        tx.done(task).await
    })
}

/// None while the channel works on it; the end comes as a fact.
async fn send(app: &App, sent: &Return) -> Result<Option<WayBack>, Error> {
    let refund = RefundRequest {
        request_id: derived_uuid(sent.leg, "refund").to_string(),
        payment_id: sent.received.payment.to_string(),
        leg_id: sent.leg.to_string(),
        amount: Some(sent.received.amount.into()),
        reason: REASON.to_owned(),
    };
    match app
        .refunds
        .clone()
        .refund(request(refund))
        .await
        .map_err(Error::from)
    {
        Ok(reply) => {
            let refund = reply.into_inner().refund.unwrap_or_default();
            Ok(match refund.state() {
                RefundState::Succeeded => Some(WayBack::Returned),
                RefundState::Bounced => Some(WayBack::Stuck(refund.bounced_why)),
                RefundState::Unspecified
                | RefundState::Reserved
                | RefundState::Submitted
                | RefundState::Abnormal => None,
            })
        }
        Err(error) => match error.definite_no() {
            Some(why) => Ok(Some(WayBack::Stuck(why))),
            None => Err(error),
        },
    }
}
