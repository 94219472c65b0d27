use kernel::PersonId;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::language_view;
use crate::domain::people::PersonState;
use crate::{App, store};

/// Says where and in which language to write to a person.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ResolveContactRequest,
) -> Result<pb::ResolveContactResponse, Error> {
    let id = PersonId::parse("person_id", &request.person_id)?;

    let mut tx = app.begin_wide(caller, &format!("contact of person {id}")).await?;
    let person = store::people::get(&mut tx, id)
        .await?
        .filter(|person| person.state == PersonState::Registered);
    let person = person.ok_or_else(|| Error::not_found("person"))?;
    let values = store::people::open(&mut tx, app.vault(), id).await?;
    let marketing_allowed = store::people::marketing_allowed(&mut tx, id).await?;
    Ok(pb::ResolveContactResponse {
        name: values.name.map(|v| v.expose().to_owned()).unwrap_or_default(),
        email: values.email.map(|v| v.expose().to_owned()).unwrap_or_default(),
        phone: values.phone.map(|v| v.expose().to_owned()).unwrap_or_default(),
        language: language_view(person.language).into(),
        marketing_allowed,
    })
}
