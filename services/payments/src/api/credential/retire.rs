use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::{App, store};

/// Takes down that a credential opens nothing any more.
#[tracing::instrument(name = "payments.retire_credential", skip_all, fields(credential.id = %request.credential_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RetireCredentialRequest,
) -> Result<pb::RetireCredentialResponse, Error> {
    let id = uuid("credential_id", &request.credential_id)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let retired = super::held(&mut tx, id, Some(request.version)).await?.retire()?;
    store::credential::save(&mut tx, &retired).await?;
    let credential = super::shown(app, &mut tx, &retired).await?;
    tx.commit(pb::RetireCredentialResponse {
        credential: Some(credential),
    })
    .await
}
