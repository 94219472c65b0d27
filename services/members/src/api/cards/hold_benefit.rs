use kernel::{BadField, BenefitId, StudioId, from_proto_time};
use platform::{Caller, Claim, Error, NewTask};
use proto::studio::members::v1 as pb;

use super::benefit_view;
use crate::api::open_place;
use crate::domain::cards::Hold;
use crate::{App, reactions, store};

/// Reserves one use of a benefit for a while.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::HoldBenefitRequest,
) -> Result<pb::HoldBenefitResponse, Error> {
    let id = BenefitId::parse("benefit_id", &request.benefit_id)?;
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let until = from_proto_time(request.expire_at.as_ref());
    let until = until.ok_or_else(|| BadField::new("expire_at", "must be a time"))?;
    let (_, place) = open_place(app, studio)?;

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let benefit = store::cards::get_benefit(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("benefit"))?;
    caller.require_reach("benefit", studio, Some(benefit.person))?;

    let now = app.clock.now();
    let benefit = store::cards::hold(&mut tx, id, &place, now).await?;
    let hold = Hold::new(&benefit, studio, until, now)?;
    store::cards::insert_hold(&mut tx, &hold, &caller.actor(), now).await?;
    let expire = reactions::cards::expire_hold::Payload { hold: hold.id };
    tx.task(NewTask::at("expire_hold", hold.id, hold.expires_at, &expire))
        .await?;
    tx.commit(pb::HoldBenefitResponse {
        hold_id: hold.id.to_string(),
        benefit: Some(benefit_view(&benefit)),
    })
    .await
}
