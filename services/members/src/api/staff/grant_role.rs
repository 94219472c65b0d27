use kernel::{NodeId, PersonId};
use platform::{Caller, Claim, Error};
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

    let grant = Grant::give(person, post, node, Some(by), caller.actor(), app.clock.now())?;
    store::staff::insert_grant(&mut tx, &grant).await?;
    tx.publish(facts::granted(&grant)).await?;
    tx.commit(pb::GrantRoleResponse {
        grant_id: grant.id.to_string(),
    })
    .await
}
