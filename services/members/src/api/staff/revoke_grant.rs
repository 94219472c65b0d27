use kernel::GrantId;
use platform::{Caller, Claim, Error};
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;

use super::grant_view;
use crate::domain::Refusal;
use crate::{App, facts, store};

/// Takes a role away, though never the last administrator's.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RevokeGrantRequest,
) -> Result<pb::RevokeGrantResponse, Error> {
    let id = GrantId::parse("grant_id", &request.grant_id)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let admins = store::staff::admins(&mut tx).await?;
    let grant = store::staff::lock_grant(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("grant"))?;

    let last = grant.post.role() == Role::OperatorAdmin && admins == [grant.id];
    let grant = grant.revoke(caller.actor(), app.clock.now())?;
    if last {
        return Err(Refusal::LastAdmin.into());
    }

    store::staff::revoke(&mut tx, &grant, &request.reason).await?;
    tx.publish(facts::grant_revoked(&grant)).await?;
    tx.commit(pb::RevokeGrantResponse {
        grant: Some(grant_view(&app.settings.reviews, &grant)),
    })
    .await
}
