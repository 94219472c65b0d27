use kernel::{Balance, StudioId};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::domain::drawer::{Day, Drawer};
use crate::{App, store, wire};

/// Gives the caller a drawer of the studio's day.
#[tracing::instrument(name = "payments.open_drawer", skip_all, fields(studio.id = %request.studio_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::OpenDrawerRequest,
) -> Result<pb::OpenDrawerResponse, Error> {
    let studio_id = StudioId::parse("studio_id", &request.studio_id)?;
    let opening = Balance::parse("opening", request.opening.as_ref())?;
    let by = caller.require_person()?;
    caller.require_reach("studio", studio_id, None)?;
    let studio = app
        .organisation()
        .studio(studio_id)
        .filter(|studio| !studio.closed)
        .ok_or_else(|| Error::not_found("studio"))?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let today = now.with_timezone(&studio.zone).date_naive();
    store::drawer::day::begin(&mut tx, &Day::new(studio_id, today)).await?;
    let drawer = Drawer::open(studio_id, today, by, opening, now);
    store::drawer::insert(&mut tx, &drawer).await?;
    let day = store::drawer::day::lock(&mut tx, studio_id, today)
        .await?
        .ok_or_else(|| platform::inconsistent("drawer_days", "a day vanished"))?;
    store::drawer::day::save(&mut tx, &day.opened(by)?).await?;
    tx.commit(pb::OpenDrawerResponse {
        drawer: Some(wire::drawer::drawer(&drawer)),
    })
    .await
}
