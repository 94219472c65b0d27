use chrono::{Duration, NaiveDate};
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
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Who last said that it is still needed, and when.
    pub certified: Option<(PersonId, Timestamp)>,
    /// The last day on which a token carried it.
    pub used_on: Option<NaiveDate>,
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
            expires_at: None,
            certified: None,
            used_on: None,
            revoked: None,
            version: 1,
        })
    }

    /// Makes it a delegation, which ends by itself.
    #[must_use]
    pub fn until(self, expires_at: Option<Timestamp>) -> Self {
        Self { expires_at, ..self }
    }

    /// Whether the role is there to be used.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires_at.is_none_or(|end| end > now)
    }

    /// Somebody else says that the role is still needed.
    pub fn certify(self, by: PersonId, now: Timestamp) -> Result<Self, Refusal> {
        if by == self.person {
            return Err(Refusal::OwnGrant);
        }
        if !self.holds(now) {
            return Err(Refusal::GrantRevoked);
        }
        Ok(Self {
            certified: Some((by, now)),
            version: self.version + 1,
            ..self
        })
    }

    /// It was named to the administrators.
    #[must_use]
    pub fn named(self) -> Self {
        Self {
            version: self.version + 1,
            ..self
        }
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

/// How often rights are looked at.
#[derive(Debug, Clone, Copy)]
pub struct ReviewRules {
    pub certify_within: Duration,
    pub unused_after: Duration,
}

impl ReviewRules {
    /// By when somebody has to say again that the role is needed.
    pub fn recertify_by(&self, grant: &Grant) -> Timestamp {
        let seen = grant.certified.map_or(grant.granted_at, |(_, at)| at);
        seen + self.certify_within
    }

    /// Grants that were last certified, or given, at or before this are due.
    pub fn due_before(&self, now: Timestamp) -> Timestamp {
        now - self.certify_within
    }

    /// Grants that were last used, or given, on or before this day are unused.
    pub fn unused_before(&self, now: Timestamp) -> NaiveDate {
        (now - self.unused_after).date_naive()
    }

    pub fn is_due(&self, grant: &Grant, now: Timestamp) -> bool {
        self.recertify_by(grant) <= now
    }

    pub fn is_unused(&self, grant: &Grant, now: Timestamp) -> bool {
        let used = grant.used_on.unwrap_or_else(|| grant.granted_at.date_naive());
        used <= self.unused_before(now)
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

    #[test]
    fn nobody_certifies_an_own_role_nor_one_that_ended() {
        let (wu, li) = (PersonId::fresh(), PersonId::fresh());
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let post = Post::of(Role::FrontDesk).unwrap();
        let grant = Grant::give(wu, post, NodeId::fresh(), Some(li), String::new(), now).unwrap();
        let rules = ReviewRules {
            certify_within: Duration::days(90),
            unused_after: Duration::days(60),
        };
        let later = now + Duration::days(90);
        assert!(rules.is_due(&grant, later) && !rules.is_due(&grant, later - Duration::seconds(1)));
        assert!(rules.is_unused(&grant, now + Duration::days(60)));
        assert_eq!(grant.clone().certify(wu, later), Err(Refusal::OwnGrant));
        let certified = grant.clone().certify(li, later).unwrap();
        assert!(!rules.is_due(&certified, later));
        let delegated = grant.until(Some(later));
        assert!(delegated.holds(now) && !delegated.holds(later));
        assert_eq!(delegated.certify(li, later), Err(Refusal::GrantRevoked));
    }
}
