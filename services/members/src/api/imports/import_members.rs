use std::collections::HashMap;

use chrono::NaiveTime;
use kernel::{BadField, Clock, PersonId, StudioId, Timestamp};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;

use super::{Counts, open, report};
use crate::api::zone_of;
use crate::domain::imports::{MEMBER_COLUMNS, MemberRow, read_members};
use crate::domain::people::{Person, PersonState};
use crate::store::people::Values;
use crate::{App, facts, store};

/// Takes people in from an older system.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ImportMembersRequest,
) -> Result<pb::ImportMembersResponse, Error> {
    let sheet = open(&request.content, &MEMBER_COLUMNS)?;
    let studios: HashMap<String, StudioId> = app
        .organisation()
        .studios()
        .into_iter()
        .filter(|s| !s.closed)
        .map(|s| (s.code, s.id))
        .collect();
    let today = Clock::day_in(app.clock.now(), chrono_tz::Asia::Shanghai);
    let (rows, mut errors) = read_members(&sheet, today, |code| studios.get(code).copied());

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let mut counts = Counts::default();
    for row in &rows {
        match take_in(app, &mut tx, row).await? {
            Ok(Took::New) => counts.created += 1,
            Ok(Took::Changed) => counts.updated += 1,
            Ok(Took::Known) => counts.unchanged += 1,
            Err(bad) => errors.add(row.line, bad),
        }
    }

    let write = !request.trial_run && errors.is_empty();
    let reply = pb::ImportMembersResponse {
        report: Some(report(&sheet, &counts, errors, write)),
    };
    if write { tx.commit(reply).await } else { Ok(reply) }
}

enum Took {
    New,
    Changed,
    Known,
}

/// Writes one row, or says which field contradicts what is known.
async fn take_in(app: &App, tx: &mut WriteTx, row: &MemberRow) -> Result<Result<Took, BadField>, Error> {
    let (said, vault) = (&row.registration, app.vault());
    let holder = store::people::find_by_id_number(tx, vault, &said.id_number).await?;
    match store::people::find_by_phone(tx, vault, &said.phone).await? {
        Some(known) if holder.is_none_or(|holder| holder == known.id) => update(app, tx, row, known).await,
        None if holder.is_none() => {
            let person = newcomer(app, row);
            store::people::insert(tx, vault, &person, said).await?;
            tx.publish(facts::registered(&person, said.home, true)).await?;
            Ok(Ok(Took::New))
        }
        _ => Ok(Err(BadField::new(
            "id_number",
            "belongs to somebody with another phone number",
        ))),
    }
}

/// Writes what a newer file says of somebody.
async fn update(
    app: &App,
    tx: &mut WriteTx,
    row: &MemberRow,
    known: Person,
) -> Result<Result<Took, BadField>, Error> {
    let said = &row.registration;
    let values = store::people::open(tx, app.vault(), known.id).await?;
    if values
        .id_number
        .as_ref()
        .is_some_and(|number| *number != said.id_number)
    {
        return Ok(Err(BadField::new(
            "id_number",
            "is another than this person's, and never changes",
        )));
    }
    let as_said = Values {
        name: Some(said.name.clone()),
        phone: Some(said.phone.clone()),
        id_number: Some(said.id_number.clone()),
        email: said.email.clone(),
    };
    if values == as_said && known.home == Some(said.home) && known.language == said.language {
        return Ok(Ok(Took::Known));
    }
    let person = Person {
        home: Some(said.home),
        language: said.language,
        version: known.version + 1,
        ..known
    };
    store::people::update(tx, app.vault(), &person, said).await?;
    Ok(Ok(Took::Changed))
}

fn newcomer(app: &App, row: &MemberRow) -> Person {
    let said = &row.registration;
    Person {
        id: PersonId::fresh(),
        home: Some(said.home),
        state: PersonState::Registered,
        language: said.language,
        registered_at: registered_at(app, row),
        version: 1,
    }
}

/// Noon of the day on which the older system registered the person.
fn registered_at(app: &App, row: &MemberRow) -> Timestamp {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    let zone = zone_of(app, row.registration.home);
    row.registered_on
        .and_then(|day| day.and_time(noon).and_local_timezone(zone).earliest())
        .map_or_else(|| app.clock.now(), |at| at.to_utc())
}
