use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::held;
use crate::api::uuid;
use crate::domain::counter_code::State;
use crate::{App, store, wire};

/// Says that a code stands nowhere any more.
#[tracing::instrument(name = "payments.take_down_code", skip_all, fields(code.id = %request.code_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::TakeDownCodeRequest,
) -> Result<pb::TakeDownCodeResponse, Error> {
    let id = uuid("code_id", &request.code_id)?;
    caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let down = held(&mut tx, id).await?.end(State::Down)?;
    store::counter_code::save(&mut tx, &down).await?;
    tx.commit(pb::TakeDownCodeResponse {
        code: Some(wire::counter_code::code(&down, app.clock.now())),
    })
    .await
}
