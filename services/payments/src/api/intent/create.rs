use kernel::{Amount, BadField, DueId, IntentId, LegalEntityId, PersonId, StudioId, from_proto_time};
use platform::{Caller, Claim, Error, NewTask, WriteTx};
use proto::studio::payments::v1 as pb;

use crate::domain::Refusal;
use crate::domain::intent;
use crate::reactions::kinds;
use crate::{App, store, wire};

/// Makes the intent of a due, or answers the one it has.
#[tracing::instrument(name = "payments.create_intent", skip_all, fields(due.id = %request.due_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CreateIntentRequest,
) -> Result<pb::CreateIntentResponse, Error> {
    let asked = parse(&request)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    if let Some(reply) = existing(&mut tx, &asked).await? {
        return tx.commit(reply).await;
    }
    app.merchants
        .of_entity(asked.legal_entity_id)
        .ok_or(Refusal::NoMerchant)?;
    let intent = asked.clone().open(IntentId::fresh(), app.clock.now())?;
    if store::intent::insert(&mut tx, &intent).await? {
        tx.task(NewTask::at(
            kinds::EXPIRE_INTENT,
            intent.id,
            intent.claim.expire_at,
            &(),
        ))
        .await?;
        return tx
            .commit(pb::CreateIntentResponse {
                intent: Some(wire::intent(&intent)),
            })
            .await;
    }
    // a twin made it meanwhile, and the insert waited for the twin's end
    let reply = existing(&mut tx, &asked)
        .await?
        .ok_or_else(|| platform::inconsistent("intents", "a due's intent vanished"))?;
    tx.commit(reply).await
}

/// The intent that the due has, if what is asked is the same.
async fn existing(
    tx: &mut WriteTx,
    asked: &intent::Claim,
) -> Result<Option<pb::CreateIntentResponse>, Error> {
    let Some(id) = store::intent::of_due(tx, asked.purpose, asked.due_id).await? else {
        return Ok(None);
    };
    let view = store::intent::view(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    view.intent.same_as(asked)?;
    Ok(Some(pb::CreateIntentResponse {
        intent: Some(wire::intent_view(&view)),
    }))
}

fn parse(request: &pb::CreateIntentRequest) -> Result<intent::Claim, Error> {
    Ok(intent::Claim {
        purpose: wire::purpose(request.purpose()).ok_or_else(|| BadField::new("purpose", "is required"))?,
        due_id: DueId::parse("due_id", &request.due_id)?,
        person_id: PersonId::parse("person_id", &request.person_id)?,
        studio_id: StudioId::parse("studio_id", &request.studio_id)?,
        legal_entity_id: LegalEntityId::parse("legal_entity_id", &request.legal_entity_id)?,
        amount: Amount::parse("amount", request.amount.as_ref())?,
        description: request.description.clone(),
        expire_at: from_proto_time(request.expire_at.as_ref())
            .ok_or_else(|| BadField::new("expire_at", "must be a time"))?,
    })
}
