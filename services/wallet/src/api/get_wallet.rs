use kernel::PersonId;
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use super::view;
use crate::domain::Refusal;
use crate::{App, store};

/// A person's wallet with what may be spent and what waits for finance.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetWalletRequest,
) -> Result<pb::GetWalletResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;

    let mut tx = reader(app, caller, person).await?;
    let wallet = store::wallets::find(&mut tx, person)
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    let pending = store::recharges::pending(&mut tx, wallet.id).await?;
    Ok(pb::GetWalletResponse {
        wallet: Some(view::wallet(&wallet, pending)),
    })
}

/// A member reads within their own; staff look one person up, wherever that
/// person belongs, since members train anywhere.
pub async fn reader(app: &App, caller: &Caller, person: PersonId) -> Result<platform::ReadTx, Error> {
    if caller.reaches_own(person) || caller.is_member() {
        app.begin(caller).await
    } else {
        app.begin_wide(caller, "a wallet looked up by its person").await
    }
}
