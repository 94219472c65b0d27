use kernel::{ExceptionId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use super::reader;
use crate::api::given;
use crate::domain::exception::Kind;
use crate::store::exception::Filter;
use crate::{App, store, wire};

/// Answers cases within the caller's reach.
#[tracing::instrument(name = "payments.list_exceptions", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListExceptionsRequest,
) -> Result<pb::ListExceptionsResponse, Error> {
    let now = app.clock.now();
    let page = Page::<(Timestamp, ExceptionId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        kind: Kind::asked(request.r#type()),
        state: wire::exception::state_word(request.state()),
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        person: given(&request.person_id, |id| PersonId::parse("person_id", id))?,
        number: given(&request.exception_number, |text| Ok(text.to_owned()))?,
        not_answered: request.not_answered,
        overdue_at: request.overdue.then_some(now),
        taken_by: if request.taken_by_me {
            Some(caller.require_person()?)
        } else {
            None
        },
    };
    let mut tx = app.begin(caller).await?;
    let rows = store::exception::list(&mut tx, caller.studios(), caller.person(), &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.due_at, row.id));
    let shown = rows
        .iter()
        .map(|case| wire::exception::exception(case, reader(caller, case), now));
    Ok(pb::ListExceptionsResponse {
        exceptions: shown.collect(),
        next_page_token,
    })
}
