use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::store::reconciliation::days;
use crate::{App, wire};

/// Somebody of finance went through a day.
#[tracing::instrument(name = "payments.sign_day", skip_all, fields(day = %request.day))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SignDayRequest,
) -> Result<pb::SignDayResponse, Error> {
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
    let signed = kept.sign(by)?;
    days::signed(&mut tx, book.id, &signed, request.note.trim(), app.clock.now()).await?;
    tx.commit(pb::SignDayResponse {
        version: signed.version,
    })
    .await
}
