use kernel::PersonId;
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use super::said;
use crate::domain::Refusal;
use crate::{App, facts, store};

/// Stops spending from a wallet.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::FreezeWalletRequest,
) -> Result<pb::FreezeWalletResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let before = store::wallets::lock(&mut tx, person, &[])
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    let why = said::frozen_why(app, &mut tx, person, &request.reason).await?;
    let after = before.clone().freeze(by, why, app.clock.now())?;
    store::wallets::save_state(&mut tx, &before, &after).await?;
    tx.publish(facts::frozen(&after)).await?;
    tx.commit(pb::FreezeWalletResponse {
        state: pb::WalletState::from(&after.state).into(),
    })
    .await
}
