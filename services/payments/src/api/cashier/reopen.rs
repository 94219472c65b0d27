use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::place;
use crate::domain::Refusal;
use crate::domain::closure::Reopened;
use crate::domain::notice::Offered;
use crate::{App, store, wire};

/// Takes new payments again where a cashier was closed.
#[tracing::instrument(name = "payments.reopen_cashier", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReopenCashierRequest,
) -> Result<pb::ReopenCashierResponse, Error> {
    let place = place::named(app, caller, &request.studio_id, &request.legal_entity_id)?;
    let channel = wire::offered(request.channel()).and_then(Offered::channel);
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let reopened = Reopened {
        by: caller.person(),
        at: app.clock.now(),
    };
    if !store::closure::reopen(&mut tx, place, channel, reopened).await? {
        return Err(Refusal::CashierState { state: "open" }.into());
    }
    tx.commit(pb::ReopenCashierResponse {}).await
}
