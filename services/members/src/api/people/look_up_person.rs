use platform::personal::Phone;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::masked;
use crate::{App, store};

/// Finds the person with exactly this phone number, anywhere.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::LookUpPersonRequest,
) -> Result<pb::LookUpPersonResponse, Error> {
    let phone = Phone::parse("phone", &request.phone)?;

    let mut tx = app.begin_wide(caller, "a person by phone number").await?;
    let person = store::people::find_by_phone(&mut tx, app.vault(), &phone).await?;
    let person = person.ok_or_else(|| Error::not_found("person"))?;
    Ok(pb::LookUpPersonResponse {
        person: Some(masked(app, &mut tx, &person).await?),
    })
}
