use kernel::{ClosureId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use super::place;
use crate::store::closure::{self, Filter};
use crate::{App, wire};

/// Answers where new payments are, or were, not taken.
#[tracing::instrument(name = "payments.list_closures", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListClosuresRequest,
) -> Result<pb::ListClosuresResponse, Error> {
    let page = Page::<(Timestamp, ClosureId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        within: place::within(app, caller),
        place: place::narrowed(&request.studio_id, &request.legal_entity_id)?,
        closed_only: request.closed_only,
    };
    let mut tx = app.begin(caller).await?;
    let rows = closure::list(&mut tx, &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |(id, closure)| (closure.closed_at, *id));
    let closures = rows
        .iter()
        .map(|(id, closure)| wire::cashier::closure(*id, closure));
    Ok(pb::ListClosuresResponse {
        closures: closures.collect(),
        next_page_token,
    })
}
