use kernel::StudioId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::{App, facts, store, wire};

/// The second person's word on a studio's day of drawers.
#[tracing::instrument(name = "payments.confirm_drawer_day", skip_all, fields(studio.id = %request.studio_id, day = %request.day))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ConfirmDrawerDayRequest,
) -> Result<pb::ConfirmDrawerDayResponse, Error> {
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let date = wire::reconciliation::date("day", &request.day)?;
    let by = caller.require_person()?;
    caller.require_reach("day", studio, None)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let day = store::drawer::day::lock(&mut tx, studio, date)
        .await?
        .ok_or_else(|| Error::not_found("day"))?;
    let day = day.confirm(by, request.note.trim(), app.clock.now())?;
    store::drawer::day::save(&mut tx, &day).await?;
    if let Some(confirmed) = &day.confirmed {
        tx.publish(facts::drawer_day_confirmed(&day, confirmed)).await?;
    }
    tx.commit(pb::ConfirmDrawerDayResponse {
        day: Some(wire::drawer::day(&day)),
    })
    .await
}
