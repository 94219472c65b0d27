use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::{App, store};

/// Another person's word on a renewal.
#[tracing::instrument(name = "payments.confirm_rotation", skip_all, fields(rotation.id = %request.rotation_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ConfirmRotationRequest,
) -> Result<pb::ConfirmRotationResponse, Error> {
    let id = uuid("rotation_id", &request.rotation_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let missing = || Error::not_found("rotation");
    let of = store::credential::of_rotation(&mut tx, id)
        .await?
        .ok_or_else(missing)?;
    // whoever decides on it holds the credential, so what is read next stays so
    let kept = super::held(&mut tx, of, None).await?;
    let rotation = store::credential::rotation(&mut tx, id)
        .await?
        .ok_or_else(missing)?;
    let (credential, rotation) = kept.check(rotation, request.confirm, by, app.clock.now())?;
    store::credential::check(&mut tx, &rotation).await?;
    store::credential::save(&mut tx, &credential).await?;
    let credential = super::shown(app, &mut tx, &credential).await?;
    tx.commit(pb::ConfirmRotationResponse {
        credential: Some(credential),
    })
    .await
}
