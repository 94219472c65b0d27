use kernel::PersonId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::{App, store};

/// Names another holder or another period.
#[tracing::instrument(name = "payments.change_credential", skip_all, fields(credential.id = %request.credential_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ChangeCredentialRequest,
) -> Result<pb::ChangeCredentialResponse, Error> {
    let id = uuid("credential_id", &request.credential_id)?;
    let holder = PersonId::parse("holder_id", &request.holder_id)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let kept = super::held(&mut tx, id, Some(request.version)).await?;
    let changed = kept.change(holder, request.rotate_every_days, app.clock.now())?;
    store::credential::save(&mut tx, &changed).await?;
    let credential = super::shown(app, &mut tx, &changed).await?;
    tx.commit(pb::ChangeCredentialResponse {
        credential: Some(credential),
    })
    .await
}
