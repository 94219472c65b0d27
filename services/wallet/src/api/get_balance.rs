use kernel::{BadField, PersonId, from_proto_time};
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use super::get_wallet;
use crate::domain::Refusal;
use crate::{App, store};

/// What a person's wallet held at a past time.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetBalanceRequest,
) -> Result<pb::GetBalanceResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    let at = from_proto_time(request.at.as_ref()).ok_or_else(|| BadField::new("at", "is not a time"))?;
    if at > app.clock.now() {
        return Err(BadField::new("at", "is after now").into());
    }

    let mut tx = get_wallet::reader(app, caller, person).await?;
    let wallet = store::wallets::find(&mut tx, person)
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    let then = store::journal::balance_at(&mut tx, &wallet, at).await?;
    Ok(pb::GetBalanceResponse {
        principal: Some(then.principal.into()),
        gift: Some(then.gift.into()),
        transfers: then.transfers,
    })
}
