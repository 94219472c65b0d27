use kernel::{IntentId, derived_uuid};
use platform::{BoxFuture, Error, NewTask, Settled, Task, WriteTx, request};
use proto::studio::payments::v1::CancelIntentRequest;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::domain::Recharge;

pub const KIND: &str = "cancel_intent";

#[derive(Serialize, Deserialize)]
pub struct CancelIntent {
    pub intent: IntentId,
}

/// Leaves the task for a recharge that can no longer be paid.
pub async fn leave(tx: &mut WriteTx, recharge: &Recharge) -> Result<(), Error> {
    match recharge.intent {
        Some(intent) => {
            tx.task(NewTask::now(KIND, recharge.id, &CancelIntent { intent }))
                .await
        }
        None => Ok(()),
    }
}

/// Nobody can pay the intent any more. If somebody did just now, payments says
/// no, and the money arrives as a fact for finance to decide about.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let CancelIntent { intent } = task.payload()?;
        let cancel = CancelIntentRequest {
            request_id: derived_uuid(intent.0, "cancelled by wallet").to_string(),
            intent_id: intent.to_string(),
        };
        match app
            .intents
            .clone()
            .cancel_intent(request(cancel))
            .await
            .map_err(Error::from)
        {
            Ok(_) => {}
            Err(error) => match error.definite_no().as_deref() {
                Some("ALREADY_PAID") => {}
                Some(_) => return Err(error),
                None => return task.ask_again(app, error).await,
            },
        }
        task.begin(app).await?.done(task).await
    })
}
