use kernel::{Amount, BadField, LimitId, Timestamp, from_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::place;
use crate::api::said;
use crate::domain::limit::{Limit, Set, Subject, Terms};
use crate::{App, store, wire};

/// Adds a limit on what may be started.
#[tracing::instrument(name = "payments.set_limit", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SetLimitRequest,
) -> Result<pb::SetLimitResponse, Error> {
    let set = asked(app, caller, &request)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let before = store::limit::last(&mut tx, &set.limit).await?;
    let set = set.following(before)?;
    let id = LimitId::fresh();
    store::limit::insert(&mut tx, id, &set).await?;
    tx.commit(pb::SetLimitResponse {
        limit: Some(wire::cashier::limit_set(id, &set)),
    })
    .await
}

fn asked(app: &App, caller: &Caller, request: &pb::SetLimitRequest) -> Result<Set, Error> {
    let now = app.clock.now();
    let most = match &request.most_amount {
        None => None,
        given => Some(Amount::parse("most_amount", given.as_ref())?),
    };
    Ok(Set {
        limit: Limit {
            id: None,
            place: place::named(app, caller, &request.studio_id, &request.legal_entity_id)?,
            terms: Terms {
                subject: Subject::asked(request.subject())
                    .ok_or_else(|| BadField::new("subject", "is required"))?,
                window_s: request.window_s,
                most_starts: (request.most_starts > 0).then_some(request.most_starts),
                most,
            },
        },
        note: said("note", &request.note)?,
        effective_from: effective_from(request, now)?,
        set_by: caller.require_person()?,
        set_at: now,
    })
}

fn effective_from(request: &pb::SetLimitRequest, now: Timestamp) -> Result<Timestamp, BadField> {
    match &request.effective_from {
        None => Ok(now),
        given => {
            from_proto_time(given.as_ref()).ok_or_else(|| BadField::new("effective_from", "must be a time"))
        }
    }
}
