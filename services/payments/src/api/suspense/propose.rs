use chrono::Duration;
use kernel::{BadField, IntentId};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{held, owed};
use crate::api::{given, said, uuid};
use crate::domain::suspense::{End, Ending, Item, Step};
use crate::{App, store, wire};

/// One person's word on what money in suspense is.
#[tracing::instrument(name = "payments.propose_suspense_end", skip_all, fields(suspense.id = %request.suspense_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ProposeSuspenseEndRequest,
) -> Result<pb::ProposeSuspenseEndResponse, Error> {
    let id = uuid("suspense_id", &request.suspense_id)?;
    let end = end(&request)?;
    let note = said("note", &request.note)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let item = held(&mut tx, id, request.version).await?;
    let proposed = Item {
        note,
        ..item.take(Step::Propose { end, by })?
    };
    if let Some(intent) = end.intent() {
        let intent = owed(&mut tx, intent).await?;
        item.after(&intent)?;
        intent.attempt_until(now, Duration::zero())?;
    }
    store::suspense::save(&mut tx, &proposed).await?;
    tx.commit(pb::ProposeSuspenseEndResponse {
        item: Some(wire::suspense::item(&proposed, now)),
    })
    .await
}

fn end(request: &pb::ProposeSuspenseEndRequest) -> Result<End, BadField> {
    let intent = given(&request.intent_id, |id| IntentId::parse("intent_id", id))?;
    match (Ending::asked(request.end()), intent) {
        (Some(Ending::Assign), Some(intent)) => Ok(End::Assign(intent)),
        (Some(Ending::SendBack), None) => Ok(End::SendBack),
        (Some(Ending::Explain), None) => Ok(End::Explain),
        (Some(Ending::Assign), None) => Err(BadField::new("intent_id", "is required to pay an intent")),
        (Some(_), Some(_)) => Err(BadField::new(
            "intent_id",
            "is only for money that pays an intent",
        )),
        (None, _) => Err(BadField::new("end", "must be given")),
    }
}
