use kernel::PersonId;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use crate::domain::people::PersonState;
use crate::{App, store};

/// Answers the name of a person.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ResolveNameRequest,
) -> Result<pb::ResolveNameResponse, Error> {
    let id = PersonId::parse("person_id", &request.person_id)?;
    let mut tx = app.begin_wide(caller, &format!("name of person {id}")).await?;
    store::people::get(&mut tx, id)
        .await?
        .filter(|person| person.state == PersonState::Registered)
        .ok_or_else(|| Error::not_found("person"))?;
    let values = store::people::open(&mut tx, app.vault(), id).await?;
    Ok(pb::ResolveNameResponse {
        name: values.name.map(|v| v.expose().to_owned()).unwrap_or_default(),
    })
}
