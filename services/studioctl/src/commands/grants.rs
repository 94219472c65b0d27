//! The review of rights: who holds what, what nobody uses, what is due.

use comfy_table::Table;
use proto::studio::members::v1 as pb;

use super::Desk;
use crate::cli::Grants;
use crate::failure::Failure;
use crate::house::request_id;
use crate::output::{facts, filled, json, table, time, word};

pub async fn run(desk: &Desk, command: Grants) -> Result<(), Failure> {
    let house = desk.enter("operator-admin").await?;
    match command {
        Grants::Review => {
            let reply = house.ask(pb::ReviewGrantsRequest::default()).await?;
            desk.output
                .value(&json::<pb::ReviewGrantsRequest>(&reply)?, || report(&reply));
            Ok(())
        }
        Grants::Unused => {
            let request = pb::ListGrantsRequest {
                only_unused: true,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListGrantsRequest>(&reply, |r| grants(&r.grants))
        }
        Grants::Certify { grant_id, version } => {
            let request = pb::CertifyGrantRequest {
                request_id: request_id(),
                grant_id,
                version,
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::CertifyGrantRequest>(&reply, |r| grants(r.grant.as_slice()))
        }
    }
}

/// The figures, and below them what wants attention.
fn report(reply: &pb::ReviewGrantsResponse) -> String {
    let figures = facts([
        ("roles held", reply.holding.to_string()),
        ("to be certified", reply.due.to_string()),
        ("used by nobody", reply.unused.to_string()),
        ("delegated", reply.delegated.to_string()),
    ]);
    format!("{}\n{}", filled(&figures), filled(&grants(&reply.grants)))
}

fn grants(grants: &[pb::Grant]) -> Table {
    let mut rows = table([
        "grant",
        "version",
        "person",
        "role",
        "node",
        "given",
        "last used",
        "certify by",
        "ends",
    ]);
    for grant in grants {
        rows.add_row([
            grant.grant_id.clone(),
            grant.version.to_string(),
            grant.person_id.clone(),
            word(grant.role().as_str_name(), "ROLE_"),
            grant.node_id.clone(),
            time(grant.granted_at.as_ref()),
            time(grant.last_used_at.as_ref()),
            time(grant.recertify_by.as_ref()),
            time(grant.expire_at.as_ref()),
        ]);
    }
    rows
}
