use kernel::PersonId;
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;

use super::consent;
use crate::api::open_place;
use crate::domain::people::{Language, Person, PersonState, Registration};
use crate::{App, facts, store};

/// Makes a person known.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RegisterPersonRequest,
) -> Result<pb::RegisterPersonResponse, Error> {
    let said = parse(&request)?;
    let consents = request
        .consents
        .iter()
        .map(consent)
        .collect::<Result<Vec<_>, _>>()?;
    open_place(app, said.home)?;

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    if let Some(person) = themselves(app, caller, &mut tx, &said).await? {
        return tx.commit(reply(person)).await;
    }

    let person = Person {
        id: PersonId::fresh(),
        home: Some(said.home),
        state: PersonState::Registered,
        language: said.language,
        registered_at: app.clock.now(),
        version: 1,
    };
    store::people::insert(&mut tx, app.vault(), &person, &said).await?;
    for consent in &consents {
        store::people::record_consent(&mut tx, &person, consent, &caller.actor(), person.registered_at)
            .await?;
    }
    tx.publish(facts::registered(&person, said.home, false)).await?;
    tx.commit(reply(person.id)).await
}

fn reply(person: PersonId) -> pb::RegisterPersonResponse {
    pb::RegisterPersonResponse {
        person_id: person.to_string(),
    }
}

fn parse(request: &pb::RegisterPersonRequest) -> Result<Registration, Error> {
    let language = match request.language() {
        pb::Language::En => Language::English,
        pb::Language::Unspecified | pb::Language::ZhCn => Language::Chinese,
    };
    let home = &request.home_studio_id;
    Ok(Registration::parse(
        &request.name,
        &request.phone,
        &request.id_number,
        &request.email,
        home,
        language,
    )?)
}

/// The caller, when they are the person who has this phone and ID number.
async fn themselves(
    app: &App,
    caller: &Caller,
    tx: &mut WriteTx,
    said: &Registration,
) -> Result<Option<PersonId>, Error> {
    let Some(caller) = caller.person().filter(|_| caller.is_member()) else {
        return Ok(None);
    };
    let same = store::people::holds(tx, app.vault(), caller, &said.id_number, Some(&said.phone)).await?;
    Ok(same.then_some(caller))
}
