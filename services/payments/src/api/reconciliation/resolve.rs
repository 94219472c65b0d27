use kernel::{BadField, Invalid};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::domain::reconciliation::difference::{Resolution, State, Step};
use crate::store::reconciliation::differences::{self, Change};
use crate::{App, facts};

/// Ends a difference, or proposes an end that moves money.
#[tracing::instrument(name = "payments.resolve_difference", skip_all, fields(difference.id = %request.difference_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ResolveDifferenceRequest,
) -> Result<pb::ResolveDifferenceResponse, Error> {
    let id = uuid("difference_id", &request.difference_id)?;
    let by = caller.require_person()?;
    let resolution = Resolution::asked(request.resolution())
        .ok_or_else(|| Invalid(vec![BadField::new("resolution", "must be a resolution")]))?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let kept = differences::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("difference"))?;
    let state = kept.state()?.take(Step::Propose { resolution, by })?;
    let change = Change {
        state: &state,
        note: request.note.trim(),
        maker: Some(by),
        checker: None,
        at: app.clock.now(),
    };
    differences::save(&mut tx, id, &change).await?;
    if matches!(state, State::Resolved { .. }) {
        tx.publish(facts::difference_resolved(&kept, &state)?).await?;
    }
    tx.commit(pb::ResolveDifferenceResponse {
        state: pb::DifferenceState::from(&state).into(),
        version: kept.version + 1,
    })
    .await
}
