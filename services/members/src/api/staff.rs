//! Staff, their grants, and the tokens that carry them.

pub(super) mod certify_grant;
pub(super) mod exchange_token;
pub(super) mod get_verify_keys;
pub(super) mod grant_role;
pub(super) mod issue_id_token;
pub(super) mod list_grants;
pub(super) mod list_staff;
pub(super) mod review_grants;
pub(super) mod revoke_grant;

use chrono::NaiveTime;
use kernel::to_proto_time;
use platform::{Caller, Studios};
use proto::studio::members::v1 as pb;
use uuid::Uuid;

use crate::domain::staff::{Grant, ReviewRules};

/// A grant as others see it.
pub(crate) fn grant_view(rules: &ReviewRules, grant: &Grant) -> pb::Grant {
    let (certified_by, certified_at) = grant.certified.unzip();
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
        expire_at: grant.expires_at.map(to_proto_time),
        last_used_at: grant
            .used_on
            .map(|day| to_proto_time(day.and_time(NaiveTime::MIN).and_utc())),
        certified_at: certified_at.map(to_proto_time),
        certified_by_person_id: certified_by.map(|by| by.to_string()).unwrap_or_default(),
        recertify_by: Some(to_proto_time(rules.recertify_by(grant))),
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
