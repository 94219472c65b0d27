use kernel::{BadField, OrderId, PersonId, StudioId, TicketId};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::access::v1::Role;
use proto::studio::oversight::v1 as pb;

use super::{shown, write};
use crate::domain::ticket::{State, Ticket, number};
use crate::domain::topic::EntryKind;
use crate::{App, facts, store, tell};

/// Records a complaint or a request at once and routes it to its supervisor.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::OpenTicketRequest,
) -> Result<pb::OpenTicketResponse, Error> {
    let author = caller.require_person()?;
    let ticket = ticket(app, caller, author, &request)?;
    if app.organisation().studio(ticket.studio).is_none() {
        return Err(Error::not_found("studio"));
    }

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    store::tickets::insert(&mut tx, &ticket).await?;
    let opening = write::entry(
        app,
        &mut tx,
        &ticket,
        EntryKind::Opening,
        (Some(author), &request.text),
    )
    .await?;
    tx.publish(facts::opened(&ticket)).await?;
    tx.task(tell::member(&ticket, opening, "ticket_opened")).await?;
    let ticket = route(app, &mut tx, ticket).await?;
    tx.commit(pb::OpenTicketResponse {
        ticket: Some(shown::ticket(&ticket)),
    })
    .await
}

fn ticket(
    app: &App,
    caller: &Caller,
    author: PersonId,
    request: &pb::OpenTicketRequest,
) -> Result<Ticket, Error> {
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let person = member(caller, author, studio, &request.person_id)?;
    let order = match request.order_id.as_str() {
        "" => None,
        id => Some(OrderId::parse("order_id", id)?),
    };
    let id = TicketId::fresh();
    let opened_at = app.clock.now();
    Ok(Ticket {
        id,
        number: number(id),
        person,
        studio,
        kind: shown::read_kind(request.kind()).ok_or_else(|| BadField::new("kind", "must be given"))?,
        topic: shown::read_topic(request.topic()).ok_or_else(|| BadField::new("topic", "must be given"))?,
        state: State::Opened,
        order,
        opened_by: author,
        opened_at,
        respond_by: app.config.respond_by(opened_at),
        declines: 0,
        version: 1,
    })
}

/// Whose ticket it is: a member's own, or the one whom staff of the studio name.
fn member(caller: &Caller, author: PersonId, studio: StudioId, named: &str) -> Result<PersonId, Error> {
    let named = match named {
        "" => None,
        id => Some(PersonId::parse("person_id", id)?),
    };
    match named {
        Some(person) if person != author => {
            caller.require_reach("studio", studio, None)?;
            Ok(person)
        }
        _ if caller.has_role(Role::Member) => Ok(author),
        _ => Err(BadField::new("person_id", "staff must say whose ticket it is").into()),
    }
}

/// Hands the ticket to the supervisor who answers for its topic at the studio.
/// Without one it stays opened, for a person to assign.
async fn route(app: &App, tx: &mut WriteTx, ticket: Ticket) -> Result<Ticket, Error> {
    let nodes = app.nodes_above(ticket.studio);
    let chosen = store::supervisors::choose(tx, ticket.topic.responsible(), &nodes, ticket.person).await?;
    let Some(to) = chosen else {
        tracing::warn!(ticket.id = %ticket.id, "no supervisor answers for the topic of a ticket");
        return Ok(ticket);
    };
    let ticket = ticket.assign(to)?;
    store::tickets::save(tx, &ticket).await?;
    write::entry(app, tx, &ticket, EntryKind::Assignment, (None, "")).await?;
    tx.publish(facts::assigned(&ticket)).await?;
    Ok(ticket)
}
