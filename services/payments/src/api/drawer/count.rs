use kernel::DrawerId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::work;
use crate::domain::drawer::Pieces;
use crate::{App, facts, store, wire};

/// Ends a drawer with what its holder counted in it.
#[tracing::instrument(name = "payments.count_drawer", skip_all, fields(drawer.id = %request.drawer_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CountDrawerRequest,
) -> Result<pb::CountDrawerResponse, Error> {
    let drawer_id = DrawerId::parse("drawer_id", &request.drawer_id)?;
    let pieces = Pieces::parse(request.pieces.iter().map(|p| (p.denomination_minor, p.pieces)))?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let drawer = work(&mut tx, drawer_id, by).await?;
    let counted = drawer.count(by, &pieces, &request.reason, app.clock.now())?;
    store::drawer::save(&mut tx, &counted).await?;
    store::drawer::keep_pieces(&mut tx, &counted, &pieces).await?;
    let day = store::drawer::day::lock(&mut tx, drawer.studio, drawer.day)
        .await?
        .ok_or_else(|| platform::inconsistent("drawers", "a drawer without its day"))?;
    store::drawer::day::save(&mut tx, &day.counted()).await?;
    tx.publish(facts::drawer_counted(&counted, pieces.sum())).await?;
    tx.commit(pb::CountDrawerResponse {
        drawer: Some(wire::drawer::drawer(&counted)),
    })
    .await
}
