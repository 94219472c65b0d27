use kernel::{GrantId, PersonId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;

use super::{grant_view, nodes_within};
use crate::domain::staff::Post;
use crate::store::staff::Filter;
use crate::{App, store};

/// Lists grants for a review of rights, the newest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListGrantsRequest,
) -> Result<pb::ListGrantsResponse, Error> {
    let person = (!request.person_id.is_empty())
        .then(|| PersonId::parse("person_id", &request.person_id))
        .transpose()?;
    let role = match request.role() {
        Role::Unspecified => None,
        role => Some(Post::of(role)?.name()),
    };
    let filter = Filter {
        nodes: nodes_within(caller),
        person: person.map(|person| person.0),
        role,
        ended: request.include_revoked,
        due: request.only_due,
        unused: request.only_unused,
    };
    let page = Page::<(Timestamp, GrantId)>::parse(request.page_size, &request.page_token)?;

    let mut tx = app.begin(caller).await?;
    let (rules, now) = (&app.settings.reviews, app.clock.now());
    let grants = store::staff::list_grants(&mut tx, &filter, &page, rules, now).await?;
    let (grants, next_page_token) = page.cut(grants, |grant| (grant.granted_at, grant.id));
    Ok(pb::ListGrantsResponse {
        grants: grants.iter().map(|grant| grant_view(rules, grant)).collect(),
        next_page_token,
    })
}
