use kernel::PersonId;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::{look, masked};
use crate::{App, store};

/// Shows a person, masked.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetPersonRequest,
) -> Result<pb::GetPersonResponse, Error> {
    let id = PersonId::parse("person_id", &request.person_id)?;

    let mut tx = look(app, caller, &format!("person {id}")).await?;
    let person = store::people::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("person"))?;
    Ok(pb::GetPersonResponse {
        person: Some(masked(app, &mut tx, &person).await?),
    })
}
