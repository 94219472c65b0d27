use kernel::{LegalEntityId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::api::given;
use crate::store::suspense::{self, Filter};
use crate::{App, wire};

/// Answers items, those with the nearest deadline first.
#[tracing::instrument(name = "payments.list_suspense", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListSuspenseRequest,
) -> Result<pb::ListSuspenseResponse, Error> {
    let page = Page::<(Timestamp, Uuid)>::parse(request.page_size, &request.page_token)?;
    let now = app.clock.now();
    let filter = Filter {
        state: wire::suspense::state_word(request.state()),
        legal_entity: given(&request.legal_entity_id, |id| {
            LegalEntityId::parse("legal_entity_id", id)
        })?,
        not_ended: request.not_ended,
        overdue_at: request.overdue.then_some(now),
    };
    let mut tx = app.begin(caller).await?;
    let rows = suspense::list(&mut tx, &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |item| (item.due_at, item.id));
    Ok(pb::ListSuspenseResponse {
        items: rows.iter().map(|item| wire::suspense::item(item, now)).collect(),
        next_page_token,
    })
}
