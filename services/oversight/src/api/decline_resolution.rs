use kernel::TicketId;
use platform::{Caller, Claim, Error};
use proto::studio::oversight::v1 as pb;

use super::{shown, write};
use crate::domain::topic::EntryKind;
use crate::{App, facts, store};

/// Sends a ticket back to negotiation.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::DeclineResolutionRequest,
) -> Result<pb::DeclineResolutionResponse, Error> {
    let id = TicketId::parse("ticket_id", &request.ticket_id)?;
    let author = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let ticket = store::tickets::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("ticket"))?;
    let ticket = ticket.decline(author)?;

    write::step(
        app,
        &mut tx,
        &ticket,
        (EntryKind::Decline, author, &request.text),
        "ticket_declined",
    )
    .await?;
    tx.publish(facts::declined(&ticket)).await?;
    tx.commit(pb::DeclineResolutionResponse {
        ticket: Some(shown::ticket(&ticket)),
    })
    .await
}
