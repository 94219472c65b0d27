use kernel::GrantId;
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use super::grant_view;
use crate::{App, store};

/// Says that somebody else still needs a role.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CertifyGrantRequest,
) -> Result<pb::CertifyGrantResponse, Error> {
    let by = caller.require_person()?;
    let id = GrantId::parse("grant_id", &request.grant_id)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let grant = store::staff::lock_grant(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("grant"))?;
    if grant.version != request.version {
        return Err(Error::version_conflict("grant"));
    }
    let grant = grant.certify(by, app.clock.now())?;

    store::staff::certify(&mut tx, &grant).await?;
    tx.commit(pb::CertifyGrantResponse {
        grant: Some(grant_view(&app.settings.reviews, &grant)),
    })
    .await
}
