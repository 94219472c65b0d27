use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::held;
use crate::api::uuid;
use crate::domain::counter_code::digest_of;
use crate::{App, facts, meters, store, wire};

/// Compares what stands on a counter with what was put up there.
#[tracing::instrument(name = "payments.check_code", skip_all, fields(code.id = %request.code_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CheckCodeRequest,
) -> Result<pb::CheckCodeResponse, Error> {
    let id = uuid("code_id", &request.code_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let kept = held(&mut tx, id).await?;
    let (code, same) = kept.check(&request.content, now, app.config.suspense.check_codes_every())?;
    let found = digest_of(&request.content);
    store::counter_code::checked(&mut tx, &code, &found, same, by, now).await?;
    store::counter_code::save(&mut tx, &code).await?;
    if !same {
        tracing::error!(code.id = %code.id, studio.id = %code.studio, "another code stands on a counter");
        meters::counter_code_swapped();
        tx.publish(facts::counter_code_mismatched(&code, now)).await?;
    }
    tx.commit(pb::CheckCodeResponse {
        code: Some(wire::counter_code::code(&code, now)),
        same,
    })
    .await
}
