use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::domain::credential::Checked;
use crate::{App, store, wire};

/// Answers one credential with its rotations.
#[tracing::instrument(name = "payments.get_credential", skip_all, fields(credential.id = %request.credential_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetCredentialRequest,
) -> Result<pb::GetCredentialResponse, Error> {
    let id = uuid("credential_id", &request.credential_id)?;
    let mut tx = app.begin(caller).await?;
    let credential = store::credential::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("credential"))?;
    let rotations = store::credential::rotations(&mut tx, id).await?;
    let recorded = rotations
        .iter()
        .find(|rotation| rotation.state == Checked::Recorded);
    Ok(pb::GetCredentialResponse {
        credential: Some(wire::credential::credential(
            &credential,
            recorded,
            app.clock.now(),
        )),
        rotations: rotations.iter().map(wire::credential::rotation).collect(),
    })
}
