use std::time::Duration;

use kernel::{Clock, PersonId, Timestamp, to_proto_time};
use platform::Error;
use platform::token::{Grant, GrantNode, PERSON_TOKEN_LIFE, PersonKind, PersonToken};
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;

use crate::App;
use crate::domain::{Refusal, staff};

/// Signs a token for somebody on the staff with those roles that they still hold.
pub(super) fn of_staff(
    app: &App,
    person: PersonId,
    grants: &[staff::Grant],
) -> Result<pb::PlatformToken, Error> {
    let (held, life) = carried(grants, app.clock.now());
    if held.is_empty() {
        return Err(Refusal::UnknownAccount.into());
    }
    let grants = held
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

/// The roles that still hold, of those that were read a moment ago, and how long
/// the token lives: it never outlives a delegation that it carries.
fn carried(grants: &[staff::Grant], now: Timestamp) -> (Vec<&staff::Grant>, Duration) {
    let held: Vec<_> = grants.iter().filter(|grant| grant.holds(now)).collect();
    let ends = held.iter().filter_map(|grant| grant.expires_at);
    let left = ends.map(|end| (end - now).to_std().unwrap_or_default()).min();
    let life = left.map_or(PERSON_TOKEN_LIFE, |left| left.min(PERSON_TOKEN_LIFE));
    (held, life)
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

#[cfg(test)]
mod tests {
    use kernel::NodeId;

    use super::*;
    use crate::domain::staff::Post;

    fn ending(expires_at: &str) -> staff::Grant {
        let given = "2026-11-22T08:00:00Z".parse().unwrap();
        let post = Post::of(Role::Reviewer).unwrap();
        let grant = staff::Grant::give(
            PersonId::fresh(),
            post,
            NodeId::fresh(),
            None,
            String::new(),
            given,
        );
        grant.unwrap().until(Some(expires_at.parse().unwrap()))
    }

    #[test]
    fn a_role_that_ended_since_it_was_read_is_not_carried_and_ends_no_token_late() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let read = [
            ending("2026-11-22T12:00:00Z"),
            ending("2026-11-22T11:59:59.999Z"),
            ending("2026-11-22T12:04:00Z"),
        ];
        let (held, life) = carried(&read, now);
        assert_eq!(held, [&read[2]]);
        assert_eq!(life, Duration::from_mins(4));
        assert_eq!(carried(&read[..2], now), (Vec::new(), PERSON_TOKEN_LIFE));
    }
}
