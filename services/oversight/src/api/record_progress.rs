use kernel::TicketId;
use platform::{Caller, Claim, Error};
use proto::studio::oversight::v1 as pb;

use super::{shown, write};
use crate::domain::topic::EntryKind;
use crate::{App, facts, store};

/// Writes down what was found out or done.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RecordProgressRequest,
) -> Result<pb::RecordProgressResponse, Error> {
    let id = TicketId::parse("ticket_id", &request.ticket_id)?;
    let author = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let ticket = store::tickets::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("ticket"))?;
    let ticket = ticket.progress(author)?;

    write::step(
        app,
        &mut tx,
        &ticket,
        (EntryKind::Progress, author, &request.text),
        "ticket_progressed",
    )
    .await?;
    tx.publish(facts::progressed(&ticket)).await?;
    tx.commit(pb::RecordProgressResponse {
        ticket: Some(shown::ticket(&ticket)),
    })
    .await
}
