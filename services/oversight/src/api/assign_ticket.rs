use kernel::{PersonId, TicketId};
use platform::{Caller, Claim, Error};
use proto::studio::oversight::v1 as pb;

use super::{shown, write};
use crate::domain::ticket::Refusal;
use crate::domain::topic::EntryKind;
use crate::{App, facts, store};

/// Makes another supervisor answer for a ticket.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AssignTicketRequest,
) -> Result<pb::AssignTicketResponse, Error> {
    let id = TicketId::parse("ticket_id", &request.ticket_id)?;
    let assignee = PersonId::parse("assignee_person_id", &request.assignee_person_id)?;
    let author = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let ticket = store::tickets::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("ticket"))?;
    let (role, nodes) = (ticket.topic.responsible(), app.nodes_above(ticket.studio));
    let ticket = ticket.assign(assignee)?;
    if !store::supervisors::holds(&mut tx, assignee, role, &nodes).await? {
        return Err(Refusal::NotResponsible.into());
    }

    store::tickets::save(&mut tx, &ticket).await?;
    write::entry(app, &mut tx, &ticket, EntryKind::Assignment, (Some(author), "")).await?;
    tx.publish(facts::assigned(&ticket)).await?;
    tx.commit(pb::AssignTicketResponse {
        ticket: Some(shown::ticket(&ticket)),
    })
    .await
}
