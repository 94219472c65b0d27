use kernel::ClosureId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::place;
use crate::api::said;
use crate::domain::closure::Closure;
use crate::domain::notice::Offered;
use crate::{App, store, wire};

/// Closes a studio, or all those of a legal entity, to new payments.
#[tracing::instrument(name = "payments.close_cashier", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CloseCashierRequest,
) -> Result<pb::CloseCashierResponse, Error> {
    let closure = Closure {
        place: place::named(app, caller, &request.studio_id, &request.legal_entity_id)?,
        channel: wire::offered(request.channel()).and_then(Offered::channel),
        reason: said("reason", &request.reason)?,
        closed_by: caller.person(),
        closed_at: app.clock.now(),
        reopened: None,
    };
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let id = ClosureId::fresh();
    store::closure::insert(&mut tx, id, &closure).await?;
    tx.commit(pb::CloseCashierResponse {
        closure: Some(wire::cashier::closure(id, &closure)),
    })
    .await
}
