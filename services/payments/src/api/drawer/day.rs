use kernel::StudioId;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::{App, store, wire};

/// Answers a studio's day with its drawers.
#[tracing::instrument(name = "payments.get_drawer_day", skip_all, fields(studio.id = %request.studio_id, day = %request.day))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetDrawerDayRequest,
) -> Result<pb::GetDrawerDayResponse, Error> {
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let date = wire::reconciliation::date("day", &request.day)?;
    let mut tx = app.begin(caller).await?;
    let day = store::drawer::day::get(&mut tx, studio, date)
        .await?
        .ok_or_else(|| Error::not_found("day"))?;
    let drawers = store::drawer::day::drawers(&mut tx, studio, date).await?;
    Ok(pb::GetDrawerDayResponse {
        day: Some(wire::drawer::day(&day)),
        drawers: drawers.iter().map(wire::drawer::report).collect(),
    })
}
