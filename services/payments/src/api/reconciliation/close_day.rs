use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::store::reconciliation::days;
use crate::{App, facts, wire};

/// Closes a day for good. Whoever finds a difference of it holds the same row,
/// so none can come in between.
#[tracing::instrument(name = "payments.close_day", skip_all, fields(day = %request.day))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CloseDayRequest,
) -> Result<pb::CloseDayResponse, Error> {
    let book = wire::reconciliation::book("account", request.account.as_ref())?;
    let day = wire::reconciliation::date("day", &request.day)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let kept = days::lock(&mut tx, book.id, day)
        .await?
        .ok_or_else(|| Error::not_found("day"))?;
    let open = days::open_differences(&mut tx, book.id, day).await?;
    let closed = kept.close(by, open)?;
    days::closed(&mut tx, book.id, &closed, app.clock.now()).await?;
    tx.publish(facts::day_closed(&book, day, closed.signed_by, by))
        .await?;
    tx.commit(pb::CloseDayResponse {
        version: closed.version,
    })
    .await
}
