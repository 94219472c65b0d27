use std::time::Duration;

use kernel::{Clock, PersonId, to_proto_time};
use platform::Error;
use platform::token::{Grant, GrantNode, PERSON_TOKEN_LIFE, PersonKind, PersonToken};
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;

use crate::App;
use crate::domain::staff;

/// Signs a token for somebody on the staff with the roles they hold now.
pub(super) fn of_staff(
    app: &App,
    person: PersonId,
    grants: &[staff::Grant],
) -> Result<pb::PlatformToken, Error> {
    let life = life(app, grants);
    let grants = grants
        .iter()
        .map(|g| Grant {
            role: g.post.role(),
            node: GrantNode::Node(g.node),
        })
        .collect();
    sign_for(
        life,
        app,
        format!("staff:{person}"),
        person,
        PersonKind::Staff,
        grants,
    )
}

/// A token never outlives a delegation that it carries.
fn life(app: &App, grants: &[staff::Grant]) -> Duration {
    let now = app.clock.now();
    let ends = grants.iter().filter_map(|grant| grant.expires_at);
    let left = ends.filter_map(|end| (end - now).to_std().ok()).min();
    left.map_or(PERSON_TOKEN_LIFE, |left| left.min(PERSON_TOKEN_LIFE))
}

/// Signs a token for whoever sets an empty operator up.
pub(super) fn of_first_admin(app: &App, person: PersonId) -> Result<pb::PlatformToken, Error> {
    let grants = vec![Grant {
        role: Role::OperatorAdmin,
        node: GrantNode::All,
    }];
    sign(app, "staff:first".to_owned(), person, PersonKind::Staff, grants)
}

/// Signs a token for a member.
pub(super) fn of_member(app: &App, person: PersonId) -> Result<pb::PlatformToken, Error> {
    sign(
        app,
        format!("member:{person}"),
        person,
        PersonKind::Member,
        Vec::new(),
    )
}

fn sign(
    app: &App,
    account: String,
    person: PersonId,
    kind: PersonKind,
    grants: Vec<Grant>,
) -> Result<pb::PlatformToken, Error> {
    sign_for(PERSON_TOKEN_LIFE, app, account, person, kind, grants)
}

fn sign_for(
    life: Duration,
    app: &App,
    account: String,
    person: PersonId,
    kind: PersonKind,
    grants: Vec<Grant>,
) -> Result<pb::PlatformToken, Error> {
    let signer = app
        .person_signer()
        .ok_or_else(|| Error::Internal("the setting tokens.person_key is empty".to_owned()))?;
    let token = PersonToken {
        account,
        person,
        kind,
        grants,
    };
    let text = signer
        .person(app.token_issuer(), &token, life)
        .map_err(|bad| Error::Internal(format!("signing a token: {bad}")))?;
    let roles = match kind {
        PersonKind::Member => vec![Role::Member.into()],
        PersonKind::Staff => token.grants.iter().map(|grant| grant.role.into()).collect(),
    };
    Ok(pb::PlatformToken {
        token: text,
        expire_at: Some(to_proto_time(Clock::real() + life)),
        person_id: person.to_string(),
        roles,
    })
}
