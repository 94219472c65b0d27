use kernel::{PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::masked;
use crate::{App, store};

/// Lists people whose home studio is within reach, the newest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListPeopleRequest,
) -> Result<pb::ListPeopleResponse, Error> {
    let home = (!request.home_studio_id.is_empty())
        .then(|| StudioId::parse("home_studio_id", &request.home_studio_id))
        .transpose()?;
    let page = Page::<(Timestamp, PersonId)>::parse(request.page_size, &request.page_token)?;

    let mut tx = app.begin(caller).await?;
    let people = store::people::list(&mut tx, caller.studios(), home.map(|home| home.0), &page).await?;
    let (people, next_page_token) = page.cut(people, |person| (person.registered_at, person.id));
    let mut shown = Vec::with_capacity(people.len());
    for person in &people {
        shown.push(masked(app, &mut tx, person).await?);
    }
    Ok(pb::ListPeopleResponse {
        people: shown,
        next_page_token,
    })
}
