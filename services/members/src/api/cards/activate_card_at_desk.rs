use kernel::{BadField, CardId, StudioId};
use platform::personal::IdNumber;
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use super::activation::{activate, subject};
use crate::api::challenges::counted_wrong;
use crate::api::open_place;
use crate::domain::Refusal;
use crate::domain::cards::{Activation, Proof};
use crate::domain::challenges::Purpose;
use crate::{App, store};

/// Activates a card for a member who shows proof and ID card to staff.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ActivateCardAtDeskRequest,
) -> Result<pb::ActivateCardAtDeskResponse, Error> {
    let staff = caller.require_person()?;
    let id = CardId::parse("card_id", &request.card_id)?;
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let id_number = IdNumber::parse("id_number", &request.id_number)?;
    let proof = proof(request.proof())?;
    caller.require_reach("studio", studio, None)?;
    open_place(app, studio)?;

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let (now, subject) = (app.clock.now(), subject(app, id));
    let lockout = store::challenges::lock_lockout(&mut tx, Purpose::Activation, &subject, now).await?;
    lockout.check(now)?;
    let card = store::cards::lock(&mut tx, id).await?;
    let card = card.ok_or_else(|| Error::not_found("card"))?;
    if card.person == staff {
        return Err(Refusal::OwnCard.into());
    }
    if !store::people::holds(&mut tx, app.vault(), card.person, &id_number, None).await? {
        let refusal = Refusal::IdentityMismatch;
        return Err(counted_wrong(app, tx, Purpose::Activation, &subject, lockout, refusal).await);
    }

    store::challenges::clear(&mut tx, Purpose::Activation, &subject, now).await?;
    let (by, desk) = (caller.actor(), Some((studio, proof, request.proof_number)));
    let activation = Activation { at: now, by, desk };
    let card = activate(app, &mut tx, card, &activation).await?;
    let reply = pb::ActivateCardAtDeskResponse { card: Some(card) };
    tx.commit(reply).await
}

fn proof(said: pb::ActivationProof) -> Result<Proof, BadField> {
    match said {
        pb::ActivationProof::Receipt => Ok(Proof::Receipt),
        pb::ActivationProof::Contract => Ok(Proof::Contract),
        pb::ActivationProof::Order => Ok(Proof::Order),
        pb::ActivationProof::Unspecified => Err(BadField::new("proof", "is required")),
    }
}
