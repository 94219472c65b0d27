//! Staff, their grants, and the tokens that carry them.

pub(super) mod exchange_token;
pub(super) mod get_verify_keys;
pub(super) mod grant_role;
pub(super) mod issue_id_token;
pub(super) mod list_grants;
pub(super) mod list_staff;
pub(super) mod revoke_grant;

use kernel::to_proto_time;
use platform::{Caller, Studios};
use proto::studio::members::v1 as pb;
use uuid::Uuid;

use crate::domain::staff::Grant;

/// A grant as others see it.
pub(crate) fn grant_view(grant: &Grant) -> pb::Grant {
    let (revoked_by, revoked_at) = grant.revoked.clone().unzip();
    pb::Grant {
        grant_id: grant.id.to_string(),
        person_id: grant.person.to_string(),
        role: grant.post.role().into(),
        node_id: grant.node.to_string(),
        granted_at: Some(to_proto_time(grant.granted_at)),
        granted_by: grant.granted_by.clone(),
        revoked_at: revoked_at.map(to_proto_time),
        revoked_by: revoked_by.unwrap_or_default(),
        version: grant.version,
    }
}

/// The nodes whose grants a caller sees: those of studios within reach, and
/// every node for the whole operator.
fn nodes_within(caller: &Caller) -> Option<Vec<Uuid>> {
    match caller.studios() {
        Studios::All => None,
        Studios::Some(studios) => Some(studios.iter().map(|studio| studio.0).collect()),
    }
}
