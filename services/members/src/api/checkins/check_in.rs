use kernel::{CardId, StudioId, Timestamp, to_proto_time};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;

use crate::api::cards::{begun, benefit_view};
use crate::api::{open_place, zone_of};
use crate::domain::cards::Card;
use crate::domain::checkins::CheckIn;
use crate::{App, facts, store};

/// Lets a member in and uses one benefit once.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CheckInRequest,
) -> Result<pb::CheckInResponse, Error> {
    let staff = caller.require_person()?;
    let id = CardId::parse("card_id", &request.card_id)?;
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    caller.require_reach("studio", studio, None)?;
    let (_, place) = open_place(app, studio)?;

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    come_in(app, &mut tx, id, now).await?;

    let benefit = store::cards::find_benefit(&mut tx, id, &request.benefit_code).await?;
    let benefit = benefit.ok_or_else(|| Error::not_found("benefit"))?;
    let benefit = store::cards::take(&mut tx, benefit.id, &place, now).await?;
    let visit = CheckIn::new(&benefit, studio, staff, now);
    store::checkins::insert(&mut tx, &visit).await?;
    tx.publish(facts::redeemed(&visit, &benefit)).await?;
    tx.commit(pb::CheckInResponse {
        check_in_id: visit.id.to_string(),
        benefit: Some(benefit_view(&benefit)),
        checked_in_at: Some(to_proto_time(now)),
    })
    .await
}

/// Lets the card's holder in; a first visit may begin its validity.
async fn come_in(app: &App, tx: &mut WriteTx, id: CardId, now: Timestamp) -> Result<(), Error> {
    let before = store::cards::lock(tx, id).await?;
    let before = before.ok_or_else(|| Error::not_found("card"))?;
    let card = before.clone().visit(now, zone_of(app, before.studio))?;
    if card.validity != before.validity {
        let version = before.version + 1;
        let card = Card { version, ..card };
        store::cards::save(tx, &card, None).await?;
        begun(app, tx, &before, &card).await?;
    }
    Ok(())
}
