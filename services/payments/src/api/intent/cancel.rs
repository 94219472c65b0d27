use kernel::IntentId;
use platform::{Caller, Claim, Error, NewTask, WriteTx};
use proto::studio::payments::v1 as pb;

use crate::domain::attempt::{Attempt, Why};
use crate::reactions::kinds;
use crate::{App, facts, store, wire};

/// Takes an intent back. From the commit on its money is isolated, whatever
/// becomes of the attempt that is open at the channel.
#[tracing::instrument(name = "payments.cancel_intent", skip_all, fields(intent.id = %request.intent_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CancelIntentRequest,
) -> Result<pb::CancelIntentResponse, Error> {
    let id = IntentId::parse("intent_id", &request.intent_id)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let intent = store::intent::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    let Some(cancelled) = intent.cancel()? else {
        return tx
            .commit(pb::CancelIntentResponse {
                intent: Some(wire::intent(&intent)),
            })
            .await;
    };
    store::intent::save_state(&mut tx, &cancelled).await?;
    tx.publish(facts::intent_cancelled(&cancelled)).await?;
    close_live(&mut tx, id).await?;
    tx.commit(pb::CancelIntentResponse {
        intent: Some(wire::intent(&cancelled)),
    })
    .await
}

async fn close_live(tx: &mut WriteTx, id: IntentId) -> Result<(), Error> {
    match store::attempt::live(tx, id).await? {
        Some(attempt) => close(tx, attempt).await.map(drop),
        None => Ok(()),
    }
}

/// Has an attempt closed at the channel at once, and answers it as it stands.
pub async fn close(tx: &mut WriteTx, attempt: Attempt) -> Result<Attempt, Error> {
    let attempt = match attempt.begin_closing(Why::Cancelled)? {
        Some(closing) => {
            store::attempt::save_state(tx, &closing).await?;
            closing
        }
        None => attempt,
    };
    // its own lane: the poll that goes on may be due only in minutes
    let lane = format!("{} close", attempt.id);
    tx.task(NewTask::now(kinds::RESOLVE_ATTEMPT, attempt.id, &()).lane(lane))
        .await?;
    Ok(attempt)
}
