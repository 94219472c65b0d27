use kernel::{BadField, Invalid, from_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::uuid;
use crate::{App, store};

/// Takes a person's word that a credential was renewed.
#[tracing::instrument(name = "payments.record_rotation", skip_all, fields(credential.id = %request.credential_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RecordRotationRequest,
) -> Result<pb::RecordRotationResponse, Error> {
    let id = uuid("credential_id", &request.credential_id)?;
    let rotated_at = super::renewed(from_proto_time(request.rotated_at.as_ref()))?;
    let note = request.note.trim();
    if note.is_empty() {
        return Err(Invalid(vec![BadField::new("note", "must not be blank")]).into());
    }
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let kept = super::held(&mut tx, id, None).await?;
    let rotation = kept
        .rotation(rotated_at, note, by, app.clock.now())?
        .ok_or_else(|| {
            let what = "must be after the renewal before and not in the future";
            Invalid(vec![BadField::new("rotated_at", what)])
        })?;
    store::credential::record(&mut tx, &rotation).await?;
    let credential = super::shown(app, &mut tx, &kept).await?;
    tx.commit(pb::RecordRotationResponse {
        credential: Some(credential),
    })
    .await
}
