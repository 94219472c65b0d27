use kernel::PersonId;
use platform::personal::{Email, IdNumber, PersonName, Phone};
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::PersonalField;

use crate::{App, store};

/// Shows chosen values in full, for a reason that is kept with who asked.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RevealPersonalDataRequest,
) -> Result<pb::RevealPersonalDataResponse, Error> {
    let id = PersonId::parse("person_id", &request.person_id)?;
    let asked: Vec<PersonalField> = request.fields().collect();

    let mut tx = app.begin_wide(caller, &why(id, &asked, &request.reason)).await?;
    let person = store::people::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("person"))?;
    if !caller.reaches_own(id) {
        let home = person.home.ok_or_else(|| Error::not_found("person"))?;
        caller.require_reach("person", home, None)?;
    }

    let values = store::people::open(&mut tx, app.vault(), id).await?;
    let shown = |field, value: Option<&str>| {
        if asked.contains(&field) {
            value.unwrap_or_default().to_owned()
        } else {
            String::new()
        }
    };
    Ok(pb::RevealPersonalDataResponse {
        name: shown(PersonalField::Name, values.name.as_ref().map(PersonName::expose)),
        phone: shown(PersonalField::Phone, values.phone.as_ref().map(Phone::expose)),
        id_number: shown(
            PersonalField::IdNumber,
            values.id_number.as_ref().map(IdNumber::expose),
        ),
        email: shown(PersonalField::Email, values.email.as_ref().map(Email::expose)),
    })
}

fn why(id: PersonId, asked: &[PersonalField], reason: &str) -> String {
    let fields: Vec<&str> = asked
        .iter()
        .map(|f| f.as_str_name().trim_start_matches("PERSONAL_FIELD_"))
        .collect();
    format!("person {id}, {}: {reason}", fields.join(" "))
}
