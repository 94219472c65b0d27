//! Whether anything new is started at a cashier. What is running does not pass
//! here.

use platform::{Error, WriteTx};

use crate::domain::intent::Intent;
use crate::domain::{Method, closure};
use crate::store;

/// Refuses what a closure holds up, with the reason that payers read.
pub async fn pass(tx: &mut WriteTx, intent: &Intent, method: Method) -> Result<(), Error> {
    let claim = &intent.claim;
    let closures = store::closure::at(tx, claim.studio_id, claim.legal_entity_id).await?;
    Ok(closure::open(&closures, method.channel())?)
}
