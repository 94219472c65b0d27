use kernel::TicketId;
use platform::{Caller, Claim, Error};
use proto::studio::oversight::v1 as pb;

use super::{shown, write};
use crate::domain::topic::EntryKind;
use crate::{App, facts, store};

/// Lays a resolution before the member.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ProposeResolutionRequest,
) -> Result<pb::ProposeResolutionResponse, Error> {
    let id = TicketId::parse("ticket_id", &request.ticket_id)?;
    let author = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let ticket = store::tickets::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("ticket"))?;
    let ticket = ticket.propose(author)?;

    write::step(
        app,
        &mut tx,
        &ticket,
        (EntryKind::Proposal, author, &request.text),
        "ticket_proposed",
    )
    .await?;
    tx.publish(facts::proposed(&ticket)).await?;
    tx.commit(pb::ProposeResolutionResponse {
        ticket: Some(shown::ticket(&ticket)),
    })
    .await
}
