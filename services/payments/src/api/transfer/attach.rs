use aws_lc_rs::digest::{SHA256, digest};
use kernel::{BadField, IntentId, derived_uuid};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::SLIP;
use crate::domain::Refusal;
use crate::domain::transfer::{MOST_PROOFS, ProofKind};
use crate::store::transfer::{self, Proof};
use crate::{App, store};

/// Keeps the bank's slip that a payer shows. It proves nothing by itself.
#[tracing::instrument(name = "payments.attach_proof", skip_all, fields(intent.id = %request.intent_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AttachProofRequest,
) -> Result<pb::AttachProofResponse, Error> {
    let id = IntentId::parse("intent_id", &request.intent_id)?;
    let by = caller.require_person()?;
    let kind = ProofKind::asked(request.r#type()).ok_or_else(|| BadField::new("type", "must be given"))?;
    if !kind.fits(&request.content) {
        return Err(Refusal::ProofUnreadable.into());
    }
    let digest = digest(&SHA256, &request.content).as_ref().to_vec();
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let intent = store::intent::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    if transfer::of_intent(&mut tx, id).await?.is_none() {
        return Err(Refusal::NoTransfer.into());
    }
    let proof_id = derived_uuid(id.0, &format!("proof {}", hex::encode(&digest)));
    if transfer::others(&mut tx, id, proof_id).await? >= MOST_PROOFS {
        return Err(Refusal::TooManyProofs.into());
    }
    let owner = intent.claim.person_id;
    let bytes = app
        .vault()
        .seal_bytes(&mut tx, owner, SLIP, &request.content)
        .await?;
    let proof = Proof {
        id: proof_id,
        intent: id,
        person: owner,
        studio: intent.claim.studio_id,
        kind,
        digest: digest.clone(),
        bytes,
        attached_by: by,
        attached_at: app.clock.now(),
    };
    transfer::attach(&mut tx, &proof).await?;
    tx.commit(pb::AttachProofResponse {
        proof_id: proof_id.to_string(),
        digest,
    })
    .await
}
