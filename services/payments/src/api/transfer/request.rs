use chrono::Duration;
use kernel::{IntentId, to_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::domain::notice::Offered;
use crate::domain::{Method, Refusal, closure};
use crate::{App, store};

/// Tells where an intent is paid to, and under which reference. Whatever else may
/// pay the intent still may.
#[tracing::instrument(name = "payments.request_transfer", skip_all, fields(intent.id = %request.intent_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RequestTransferRequest,
) -> Result<pb::RequestTransferResponse, Error> {
    let id = IntentId::parse("intent_id", &request.intent_id)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let intent = store::intent::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    let claim = &intent.claim;
    let payee = app
        .config
        .payee(claim.legal_entity_id)
        .ok_or(Refusal::MethodNotSetUp {
            method: Offered::BankTransfer.word(),
        })?;
    intent.attempt_until(now, Duration::zero())?;
    let closures = store::closure::at(&mut tx, claim.studio_id, claim.legal_entity_id).await?;
    closure::open(&closures, Method::BankTransfer.channel())?;
    let reference = store::transfer::reference(&mut tx, &intent, now).await?;
    tx.commit(pb::RequestTransferResponse {
        holder: payee.holder.clone(),
        bank: payee.bank.clone(),
        number: payee.number.clone(),
        reference: reference.to_string(),
        amount: Some(claim.amount.into()),
        expire_at: Some(to_proto_time(claim.expire_at)),
    })
    .await
}
