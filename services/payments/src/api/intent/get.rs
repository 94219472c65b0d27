use kernel::IntentId;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::{App, store, wire};

/// Answers one intent.
#[tracing::instrument(name = "payments.get_intent", skip_all, fields(intent.id = %request.intent_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetIntentRequest,
) -> Result<pb::GetIntentResponse, Error> {
    let id = IntentId::parse("intent_id", &request.intent_id)?;
    let mut tx = app.begin(caller).await?;
    let view = store::intent::view(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    Ok(pb::GetIntentResponse {
        intent: Some(wire::intent_view(&view)),
    })
}
