use kernel::{LimitId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use super::place;
use crate::store::limit::{self, Filter};
use crate::{App, wire};

/// Answers the limits that were set.
#[tracing::instrument(name = "payments.list_limits", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListLimitsRequest,
) -> Result<pb::ListLimitsResponse, Error> {
    let page = Page::<(Timestamp, LimitId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        within: place::within(app, caller),
        place: place::narrowed(&request.studio_id, &request.legal_entity_id)?,
        in_force_at: request.in_force_only.then(|| app.clock.now()),
    };
    let mut tx = app.begin(caller).await?;
    let rows = limit::list(&mut tx, &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |(id, set)| (set.set_at, *id));
    let limits = rows.iter().map(|(id, set)| wire::cashier::limit_set(*id, set));
    Ok(pb::ListLimitsResponse {
        limits: limits.collect(),
        next_page_token,
    })
}
