use kernel::HoldId;
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use super::benefit_view;
use crate::domain::cards::HoldState;
use crate::domain::checkins::CheckIn;
use crate::{App, facts, store};

/// Turns a hold into a visit.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RedeemBenefitRequest,
) -> Result<pb::RedeemBenefitResponse, Error> {
    let staff = caller.require_person()?;
    let id = HoldId::parse("hold_id", &request.hold_id)?;

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let hold = store::cards::lock_hold(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("hold"))?;
    caller.require_reach("hold", hold.studio, None)?;

    let now = app.clock.now();
    let hold = hold.settle(HoldState::Redeemed, now)?;
    let visit = CheckIn::redeeming(&hold, staff, now);
    let benefit = store::cards::redeem(&mut tx, hold.benefit).await?;
    store::cards::save_hold(&mut tx, &hold, now).await?;
    store::checkins::insert(&mut tx, &visit).await?;
    tx.publish(facts::redeemed(&visit, &benefit)).await?;
    tx.commit(pb::RedeemBenefitResponse {
        check_in_id: visit.id.to_string(),
        benefit: Some(benefit_view(&benefit)),
    })
    .await
}
