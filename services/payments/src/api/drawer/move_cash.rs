use kernel::{Amount, BadField, DrawerId};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{pass, work};
use crate::domain::drawer::{Entry, Kind};
use crate::{App, wire};

/// Puts change into a drawer, or takes cash out of it.
#[tracing::instrument(name = "payments.move_cash", skip_all, fields(drawer.id = %request.drawer_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::MoveCashRequest,
) -> Result<pb::MoveCashResponse, Error> {
    let drawer_id = DrawerId::parse("drawer_id", &request.drawer_id)?;
    let amount = Amount::parse("amount", request.amount.as_ref())?;
    let reason = request.reason.trim();
    if reason.is_empty() {
        return Err(BadField::new("reason", "is required").into());
    }
    let kind = match request.direction() {
        pb::CashDirection::In => Kind::PaidIn,
        pb::CashDirection::Out => Kind::PaidOut,
        pb::CashDirection::Unspecified => return Err(BadField::new("direction", "is required").into()),
    };
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let drawer = work(&mut tx, drawer_id, by).await?;
    let entry = Entry {
        reason: reason.to_owned(),
        ..Entry::of(&drawer, kind, amount, app.clock.now())
    };
    let after = pass(&mut tx, &drawer, &entry).await?;
    tx.commit(pb::MoveCashResponse {
        drawer: Some(wire::drawer::drawer(&after)),
    })
    .await
}
