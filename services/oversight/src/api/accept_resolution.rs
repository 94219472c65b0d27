use kernel::TicketId;
use platform::{Caller, Claim, Error};
use proto::studio::oversight::v1 as pb;

use super::{shown, write};
use crate::domain::topic::EntryKind;
use crate::{App, facts, store};

/// Closes a ticket, for its member alone.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AcceptResolutionRequest,
) -> Result<pb::AcceptResolutionResponse, Error> {
    let id = TicketId::parse("ticket_id", &request.ticket_id)?;
    let author = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let ticket = store::tickets::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("ticket"))?;
    let ticket = ticket.accept(author, request.version, app.clock.now())?;

    write::step(
        app,
        &mut tx,
        &ticket,
        (EntryKind::Acceptance, author, ""),
        "ticket_closed",
    )
    .await?;
    tx.publish(facts::closed(&ticket)).await?;
    tx.commit(pb::AcceptResolutionResponse {
        ticket: Some(shown::ticket(&ticket)),
    })
    .await
}
