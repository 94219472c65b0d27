use kernel::{NodeId, PersonId};
use platform::page::Page;
use platform::{Caller, Error, ReadTx, Studios};
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use uuid::Uuid;

use super::{grant_view, nodes_within};
use crate::domain::staff::Post;
use crate::{App, store};

/// Lists staff by employee number; names are shown, so each look is audited.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListStaffRequest,
) -> Result<pb::ListStaffResponse, Error> {
    let within = match request.node_id.as_str() {
        "" => nodes_within(caller),
        text => Some(below(app, caller, NodeId::parse("node_id", text)?)),
    };
    let role = match request.role() {
        Role::Unspecified => None,
        role => Some(Post::of(role)?.name()),
    };
    let page = Page::<String>::parse(request.page_size, &request.page_token)?;

    let mut tx = app.begin_wide(caller, "a list of staff").await?;
    let staff = store::staff::list(&mut tx, within.as_deref(), role, &page).await?;
    let (staff, next_page_token) = page.cut(staff, |(number, _)| number.clone());
    let mut shown = Vec::with_capacity(staff.len());
    for (number, person) in staff {
        shown.push(view(app, &mut tx, number, person, within.as_deref()).await?);
    }
    Ok(pb::ListStaffResponse {
        staff: shown,
        next_page_token,
    })
}

async fn view(
    app: &App,
    tx: &mut ReadTx,
    staff_number: String,
    person: PersonId,
    within: Option<&[Uuid]>,
) -> Result<pb::StaffMember, Error> {
    let (name, accounts) = store::staff::names_and_accounts(tx, app.vault(), person).await?;
    let grants = store::staff::grants_of(tx, person, app.clock.now()).await?;
    let seen = grants
        .iter()
        .filter(|grant| within.is_none_or(|nodes| nodes.contains(&grant.node.0)));
    Ok(pb::StaffMember {
        person_id: person.to_string(),
        staff_number,
        name,
        accounts,
        grants: seen
            .map(|grant| grant_view(&app.settings.reviews, grant))
            .collect(),
    })
}

/// A node and the studios below it, as far as the caller reaches.
fn below(app: &App, caller: &Caller, node: NodeId) -> Vec<Uuid> {
    let studios = match app.organisation().reach(&[node]) {
        Studios::All => app
            .organisation()
            .studios()
            .into_iter()
            .map(|studio| studio.id)
            .collect(),
        Studios::Some(studios) => studios,
    };
    let mut nodes: Vec<Uuid> = studios.into_iter().map(Uuid::from).chain([node.0]).collect();
    nodes.retain(|id| caller.may_reach((*id).into()));
    nodes
}
