use platform::{Caller, Claim, Error, NewTask};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::domain::redirection::{Step, hangs};
use crate::reactions::kinds;
use crate::{App, store, wire};

/// Another person's word on a card for a refund that hangs.
#[tracing::instrument(name = "payments.decide_redirection", skip_all, fields(redirection.id = %request.redirection_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::DecideRedirectionRequest,
) -> Result<pb::DecideRedirectionResponse, Error> {
    let id = uuid("redirection_id", &request.redirection_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let proposed = store::redirection::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("redirection"))?;
    if proposed.version != request.version {
        return Err(Error::version_conflict("redirection"));
    }
    let at = app.clock.now();
    let decided = if request.confirm {
        let refund = store::refund::get(&mut tx, proposed.refund_id)
            .await?
            .ok_or_else(|| platform::inconsistent("redirections", "a redirection without its refund"))?;
        let confirmed = proposed.take(Step::Confirm { by })?;
        hangs(&refund)?;
        tx.task(NewTask::now(kinds::REDIRECT_REFUND, id, &())).await?;
        confirmed
    } else {
        proposed.take(Step::Decline { by, at })?
    };
    store::redirection::save_state(&mut tx, &decided).await?;
    tx.commit(pb::DecideRedirectionResponse {
        redirection: Some(wire::redirection::redirection(&decided)),
    })
    .await
}
