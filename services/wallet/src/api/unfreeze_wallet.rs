use kernel::PersonId;
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use crate::domain::Refusal;
use crate::{App, facts, store};

/// Lets a frozen wallet spend again; another person than who froze it decides.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::UnfreezeWalletRequest,
) -> Result<pb::UnfreezeWalletResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    let by = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let before = store::wallets::lock(&mut tx, person, &[])
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    let after = before.clone().unfreeze(by)?;
    store::wallets::save_state(&mut tx, &before, &after).await?;
    tx.publish(facts::unfrozen(&after)).await?;
    tx.commit(pb::UnfreezeWalletResponse {
        state: pb::WalletState::from(&after.state).into(),
    })
    .await
}
