use kernel::{IntentId, to_proto_time};
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use super::SLIP;
use crate::{App, store};

/// Answers the slips of an intent.
#[tracing::instrument(name = "payments.get_proofs", skip_all, fields(intent.id = %request.intent_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetProofsRequest,
) -> Result<pb::GetProofsResponse, Error> {
    let id = IntentId::parse("intent_id", &request.intent_id)?;
    let mut tx = app.begin(caller).await?;
    store::intent::view(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    let mut proofs = Vec::new();
    for kept in store::transfer::proofs(&mut tx, id).await? {
        let content = app
            .vault()
            .open_bytes(&mut tx, kept.person, SLIP, &kept.bytes)
            .await?;
        proofs.push(pb::Proof {
            proof_id: kept.id.to_string(),
            r#type: pb::ProofType::from(kept.kind).into(),
            digest: kept.digest,
            content: content.unwrap_or_default(),
            attached_by: kept.attached_by.to_string(),
            attached_at: Some(to_proto_time(kept.attached_at)),
        });
    }
    Ok(pb::GetProofsResponse { proofs })
}
