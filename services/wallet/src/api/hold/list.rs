use kernel::PersonId;
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use super::shown;
use crate::{App, store};

/// A page of a person's holds within the caller's reach, the newest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListHoldsRequest,
) -> Result<pb::ListHoldsResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    let page = Page::parse(request.page_size, &request.page_token)?;

    let mut tx = app.begin(caller).await?;
    let holds = store::holds::list(&mut tx, person, request.active_only, &page).await?;

    let (holds, next_page_token) = page.cut(holds, |hold| hold.id);
    Ok(pb::ListHoldsResponse {
        holds: holds.iter().map(shown).collect(),
        next_page_token,
    })
}
