//! Whether anything new is started at a cashier. What is running does not pass
//! here.

use std::time::Duration;

use platform::{Error, WriteTx};

use crate::breakers::Permit;
use crate::domain::intent::Intent;
use crate::domain::{Method, Refusal, Way, closure};
use crate::merchants::Merchant;
use crate::{App, store};

/// Refuses what a closure holds up, with the reason that payers read, and what a
/// channel that does not answer would not answer either. A charge gets the right
/// to its call here: one that could not be sent must not be recorded.
pub async fn pass(
    app: &App,
    tx: &mut WriteTx,
    intent: &Intent,
    merchant: &Merchant,
    method: Method,
) -> Result<Option<Permit>, Error> {
    let claim = &intent.claim;
    let closures = store::closure::at(tx, claim.studio_id, claim.legal_entity_id).await?;
    closure::open(&closures, method.channel())?;
    let down = |retry_after: Duration| Refusal::ChannelDown {
        channel: method.channel(),
        retry_after,
    };
    match method.way() {
        Way::Charge => Ok(Some(app.breakers.enter(&merchant.name, method).map_err(down)?)),
        // its task makes the call, and asks for the right to it
        Way::Scan | Way::InApp | Way::Drawer | Way::Transfer => {
            match app.breakers.wait(&merchant.name, method) {
                None => Ok(None),
                Some(wait) => Err(down(wait).into()),
            }
        }
    }
}
