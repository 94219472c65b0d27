use kernel::AttemptId;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::{App, store, wire};

/// Answers one attempt with its QR while it waits for the payer.
#[tracing::instrument(name = "payments.get_attempt", skip_all, fields(attempt.id = %request.attempt_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetAttemptRequest,
) -> Result<pb::GetAttemptResponse, Error> {
    let id = AttemptId::parse("attempt_id", &request.attempt_id)?;
    let mut tx = app.begin(caller).await?;
    let attempt = store::attempt::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("attempt"))?;
    Ok(pb::GetAttemptResponse {
        attempt: Some(wire::attempt_shown(&attempt)?),
    })
}
