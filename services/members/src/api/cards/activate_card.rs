use kernel::{CardId, ChallengeId, PersonId};
use platform::personal::{IdNumber, Phone};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;

use super::activation::{activate, subject};
use crate::api::challenges::{counted_wrong, digest, same};
use crate::domain::Refusal;
use crate::domain::cards::{Activation, Card};
use crate::domain::challenges::{Answer, Purpose};
use crate::{App, store};

struct Said {
    card: CardId,
    challenge: ChallengeId,
    phone: Phone,
    id_number: IdNumber,
    code: String,
}

/// Activates a card online by phone, ID number and one-time code.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ActivateCardRequest,
) -> Result<pb::ActivateCardResponse, Error> {
    let said = Said {
        card: CardId::parse("card_id", &request.card_id)?,
        challenge: ChallengeId::parse("challenge_id", &request.challenge_id)?,
        phone: Phone::parse("phone", &request.phone)?,
        id_number: IdNumber::parse("id_number", &request.id_number)?,
        code: request.code.clone(),
    };

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let (now, subject) = (app.clock.now(), subject(app, said.card));
    let lockout = store::challenges::lock_lockout(&mut tx, Purpose::Activation, &subject, now).await?;
    lockout.check(now)?;

    let Some(card) = proved(app, caller, &mut tx, &said).await? else {
        let refusal = Refusal::ActivationRejected;
        return Err(counted_wrong(app, tx, Purpose::Activation, &subject, lockout, refusal).await);
    };
    store::challenges::clear(&mut tx, Purpose::Activation, &subject, now).await?;
    let activation = Activation {
        at: now,
        by: format!("person:{}", card.person),
        desk: None,
    };
    let card = activate(app, &mut tx, card, &activation).await?;
    tx.commit(pb::ActivateCardResponse { card: Some(card) }).await
}

/// The card, when code, phone and ID number are all its holder's.
async fn proved(app: &App, caller: &Caller, tx: &mut WriteTx, said: &Said) -> Result<Option<Card>, Error> {
    let Some(challenge) = store::challenges::lock(tx, said.challenge).await? else {
        return Ok(None);
    };
    let named = challenge.card == Some(said.card);
    let same_code = same(&challenge.digest, &digest(app, challenge.id, &said.code));
    let phone = store::people::phone_index(app.vault(), &said.phone);
    let most_wrong = app.settings.codes.most_wrong;
    let person = match challenge.answer(
        Purpose::Activation,
        &phone,
        same_code && named,
        most_wrong,
        app.clock.now(),
    ) {
        Answer::Spent => return Err(Refusal::CodeExpired.into()),
        Answer::Wrong(challenge) => {
            store::challenges::save(tx, &challenge).await?;
            return Ok(None);
        }
        Answer::Right(challenge, person) => {
            store::challenges::save(tx, &challenge).await?;
            person
        }
    };
    if caller
        .person()
        .is_some_and(|other| caller.is_member() && other != person)
    {
        return Ok(None);
    }
    holders(app, tx, said, person).await
}

async fn holders(app: &App, tx: &mut WriteTx, said: &Said, person: PersonId) -> Result<Option<Card>, Error> {
    if !store::people::holds(tx, app.vault(), person, &said.id_number, Some(&said.phone)).await? {
        return Ok(None);
    }
    let card = store::cards::lock(tx, said.card).await?;
    Ok(card.filter(|card| card.person == person))
}
