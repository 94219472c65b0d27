use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::domain::reconciliation::difference::{State, Step};
use crate::store::reconciliation::differences::{self, Change};
use crate::{App, facts};

/// Another person's word on a proposed end.
#[tracing::instrument(name = "payments.confirm_resolution", skip_all, fields(difference.id = %request.difference_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ConfirmResolutionRequest,
) -> Result<pb::ConfirmResolutionResponse, Error> {
    let id = uuid("difference_id", &request.difference_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let kept = differences::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("difference"))?;
    let before = kept.state()?;
    if kept.version != request.version {
        return Err(Error::version_conflict("difference"));
    }
    let state = before.take(if request.confirm {
        Step::Confirm { by }
    } else {
        Step::Decline { by }
    })?;
    let change = Change {
        state: &state,
        note: &kept.note,
        maker: request.confirm.then_some(kept.maker).flatten(),
        checker: request.confirm.then_some(by),
        at: app.clock.now(),
    };
    differences::save(&mut tx, id, &change).await?;
    if matches!(state, State::Resolved { .. }) {
        tx.publish(facts::difference_resolved(&kept, &state)?).await?;
    }
    tx.commit(pb::ConfirmResolutionResponse {
        state: pb::DifferenceState::from(&state).into(),
        version: kept.version + 1,
    })
    .await
}
