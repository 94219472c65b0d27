use kernel::{GrantId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::{grant_view, nodes_within};
use crate::store::staff::Filter;
use crate::{App, store};

/// How the rights stand, and those that want attention.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReviewGrantsRequest,
) -> Result<pb::ReviewGrantsResponse, Error> {
    let page = Page::<(Timestamp, GrantId)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        nodes: nodes_within(caller),
        person: None,
        role: None,
        ended: false,
        due: true,
        unused: true,
    };
    let (rules, now) = (&app.settings.reviews, app.clock.now());

    let mut tx = app.begin(caller).await?;
    let figures = store::staff::figures(&mut tx, filter.nodes.as_deref(), rules, now).await?;
    let grants = store::staff::list_grants(&mut tx, &filter, &page, rules, now).await?;
    let (grants, next_page_token) = page.cut(grants, |grant| (grant.granted_at, grant.id));
    let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    Ok(pb::ReviewGrantsResponse {
        holding: count(figures.holding),
        due: count(figures.due),
        unused: count(figures.unused),
        delegated: count(figures.delegated),
        grants: grants.iter().map(|grant| grant_view(rules, grant)).collect(),
        next_page_token,
    })
}
