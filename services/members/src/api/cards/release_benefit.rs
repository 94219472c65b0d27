use kernel::HoldId;
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use super::benefit_view;
use crate::domain::cards::HoldState;
use crate::{App, store};

/// Gives a hold back.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReleaseBenefitRequest,
) -> Result<pb::ReleaseBenefitResponse, Error> {
    let id = HoldId::parse("hold_id", &request.hold_id)?;

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let hold = store::cards::lock_hold(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("hold"))?;
    caller.require_reach("hold", hold.studio, Some(hold.person))?;

    let now = app.clock.now();
    let hold = hold.settle(HoldState::Released, now)?;
    let benefit = store::cards::free(&mut tx, hold.benefit).await?;
    store::cards::save_hold(&mut tx, &hold, now).await?;
    tx.commit(pb::ReleaseBenefitResponse {
        benefit: Some(benefit_view(&benefit)),
    })
    .await
}
