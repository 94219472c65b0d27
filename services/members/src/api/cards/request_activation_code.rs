use kernel::{CardId, PersonId, to_proto_time};
use platform::personal::{IdNumber, Phone};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;

use super::activation::subject;
use crate::api::challenges::issue;
use crate::domain::cards::State;
use crate::domain::challenges::Purpose;
use crate::{App, store};

/// Sends a one-time code to a card's holder, when phone and ID number are the
/// holder's; otherwise to nobody, and looks the same.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RequestActivationCodeRequest,
) -> Result<pb::RequestActivationCodeResponse, Error> {
    let card = CardId::parse("card_id", &request.card_id)?;
    let phone = Phone::parse("phone", &request.phone)?;
    let id_number = IdNumber::parse("id_number", &request.id_number)?;

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let lockout =
        store::challenges::lock_lockout(&mut tx, Purpose::Activation, &subject(app, card), now).await?;
    lockout.check(now)?;

    let holder = holder(app, caller, &mut tx, card, &phone, &id_number).await?;
    let phone = store::people::phone_index(app.vault(), &phone);
    let challenge = issue(app, &mut tx, Purpose::Activation, phone, holder, Some(card)).await?;
    tx.commit(pb::RequestActivationCodeResponse {
        challenge_id: challenge.id.to_string(),
        expire_at: Some(to_proto_time(challenge.expires_at)),
    })
    .await
}

/// The holder of a card that waits for activation, if all that was said is theirs.
async fn holder(
    app: &App,
    caller: &Caller,
    tx: &mut WriteTx,
    card: CardId,
    phone: &Phone,
    id_number: &IdNumber,
) -> Result<Option<PersonId>, Error> {
    let Some(card) = store::cards::get(tx, card)
        .await?
        .filter(|card| card.state == State::Opened)
    else {
        return Ok(None);
    };
    let another = caller
        .person()
        .is_some_and(|person| caller.is_member() && person != card.person);
    let same = store::people::holds(tx, app.vault(), card.person, id_number, Some(phone)).await?;
    Ok((same && !another).then_some(card.person))
}
