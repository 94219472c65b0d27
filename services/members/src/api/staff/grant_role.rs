use kernel::{BadField, NodeId, PersonId, Timestamp, from_proto_time};
use platform::{Caller, Claim, Error, NewTask};
use proto::studio::members::v1 as pb;

use crate::domain::Refusal;
use crate::domain::staff::{Grant, Post};
use crate::{App, facts, store};

/// Gives a person of staff a role at a node.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GrantRoleRequest,
) -> Result<pb::GrantRoleResponse, Error> {
    let by = caller.require_person()?;
    let person = PersonId::parse("person_id", &request.person_id)?;
    let post = Post::of(request.role())?;
    let node = NodeId::parse("node_id", &request.node_id)?;
    let end = end(&request, app.clock.now())?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    if !store::staff::is_staff(&mut tx, person).await? {
        return Err(Error::not_found("member of staff"));
    }
    let open = app.organisation().node(node).is_some_and(|node| !node.closed);
    if !open {
        return Err(Refusal::UnknownNode.into());
    }

    let grant = Grant::give(person, post, node, Some(by), caller.actor(), app.clock.now())?.until(end);
    store::staff::insert_grant(&mut tx, &grant).await?;
    tx.publish(facts::granted(&grant)).await?;
    if let Some(end) = end {
        tx.task(NewTask::at("end_grant", grant.id, end, &())).await?;
    }
    tx.commit(pb::GrantRoleResponse {
        grant_id: grant.id.to_string(),
    })
    .await
}

/// When a delegation ends; it lies ahead.
fn end(request: &pb::GrantRoleRequest, now: Timestamp) -> Result<Option<Timestamp>, BadField> {
    let Some(end) = &request.expire_at else {
        return Ok(None);
    };
    match from_proto_time(Some(end)).filter(|end| *end > now) {
        Some(end) => Ok(Some(end)),
        None => Err(BadField::new("expire_at", "must be a time ahead")),
    }
}
