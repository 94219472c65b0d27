use kernel::{GrantId, NodeId, PersonId, Timestamp};

use super::Post;
use crate::domain::Refusal;

/// A role held at a node and below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub person: PersonId,
    pub post: Post,
    pub node: NodeId,
    pub granted_by: String,
    pub granted_at: Timestamp,
    /// Who took it away and when.
    pub revoked: Option<(String, Timestamp)>,
    pub version: i64,
}

impl Grant {
    /// Gives a role. Nobody gives one to themselves.
    pub fn give(
        person: PersonId,
        post: Post,
        node: NodeId,
        by: Option<PersonId>,
        actor: String,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if by == Some(person) {
            return Err(Refusal::OwnGrant);
        }
        Ok(Self {
            id: GrantId::fresh(),
            person,
            post,
            node,
            granted_by: actor,
            granted_at: now,
            revoked: None,
            version: 1,
        })
    }

    pub fn revoke(self, actor: String, now: Timestamp) -> Result<Self, Refusal> {
        if self.revoked.is_some() {
            return Err(Refusal::GrantRevoked);
        }
        Ok(Self {
            revoked: Some((actor, now)),
            version: self.version + 1,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::studio::access::v1::Role;

    #[test]
    fn nobody_gives_a_role_to_themselves_and_nobody_ends_one_twice() {
        let (wu, li) = (PersonId::fresh(), PersonId::fresh());
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let post = Post::of(Role::FrontDesk).unwrap();
        let give = |to, by| Grant::give(to, post, NodeId::fresh(), by, String::new(), now);
        assert_eq!(give(wu, Some(wu)), Err(Refusal::OwnGrant));
        let ended = give(wu, Some(li))
            .and_then(|g| g.revoke(String::new(), now))
            .unwrap();
        assert_eq!(ended.revoke(String::new(), now), Err(Refusal::GrantRevoked));
    }
}
