//! Who calls, and how far they see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kernel::{PersonId, StudioId};
use proto::studio::access::v1::Role;
use uuid::Uuid;

use crate::Error;
use crate::access::{CallRule, Rules};
use crate::limits::Class;

/// The studios that a caller reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Studios {
    /// Every studio of the operator.
    All,
    /// These, possibly none.
    Some(Vec<StudioId>),
}

/// The person behind a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// The account they signed in with, at the identity provider or as a member.
    pub account: String,
    /// The roles that their grants give, anywhere.
    pub roles: Vec<Role>,
}

/// Who makes a call and how far the call's rule lets them see. Made by the
/// access layer alone (and by tests).
#[derive(Debug, Clone)]
pub struct Caller {
    pub(crate) service: Option<String>,
    pub(crate) person: Option<Person>,
    pub(crate) studios: Studios,
    /// The person's own things are within reach.
    pub(crate) own: bool,
    /// The person's token as it came, to pass on when a peer wants the person.
    pub(crate) bearer: Option<String>,
    pub(crate) method: &'static str,
    pub(crate) trail: Trail,
}

/// Whether what a call did stands in the audit. Copies share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail(Arc<AtomicBool>);

impl Trail {
    /// An entry of the call is committed, now or when it was first made.
    pub(crate) fn leave(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Caller {
    /// A person with these roles and this reach, put together without a token:
    /// for tests of what lies behind the door.
    pub fn assembled(person: PersonId, roles: &[Role], studios: Studios) -> Self {
        Self {
            service: None,
            person: Some(Person {
                id: person,
                account: person.to_string(),
                roles: roles.to_vec(),
            }),
            own: roles.contains(&Role::Member),
            studios,
            bearer: None,
            method: "assembled",
            trail: Trail::default(),
        }
    }

    /// The person who calls, unless a service does by itself.
    pub fn person(&self) -> Option<PersonId> {
        self.person.as_ref().map(|p| p.id)
    }

    /// The person who calls; refuses a service by itself and a stranger.
    pub fn require_person(&self) -> Result<PersonId, Error> {
        self.person().ok_or_else(Error::person_required)
    }

    /// The service that calls, by its token.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// Whether the person holds the role anywhere.
    pub fn has_role(&self, role: Role) -> bool {
        self.person.as_ref().is_some_and(|p| p.roles.contains(&role))
    }

    /// A member who acts for themselves and holds no post.
    pub fn is_member(&self) -> bool {
        self.person.as_ref().is_some_and(|p| p.roles == [Role::Member])
    }

    pub fn studios(&self) -> &Studios {
        &self.studios
    }

    /// Whether what happened at the studio is within reach.
    pub fn may_reach(&self, studio: StudioId) -> bool {
        match &self.studios {
            Studios::All => true,
            Studios::Some(studios) => studios.contains(&studio),
        }
    }

    /// Whether the call is by this very person about what is theirs.
    pub fn reaches_own(&self, person: PersonId) -> bool {
        self.own && self.person() == Some(person)
    }

    /// Refuses as if it did not exist what the caller does not reach: neither
    /// through the studio where it happened nor because it is their own.
    pub fn require_reach(&self, what: &str, studio: StudioId, owner: Option<PersonId>) -> Result<(), Error> {
        let own = owner.is_some_and(|owner| self.reaches_own(owner));
        if own || self.may_reach(studio) {
            Ok(())
        } else {
            Err(Error::not_found(what))
        }
    }

    /// Who acts, for audit: ids only.
    pub fn actor(&self) -> String {
        match (&self.person, &self.service) {
            (Some(person), Some(service)) => format!("person:{} through {service}", person.id),
            (Some(person), None) => format!("person:{}", person.id),
            (None, Some(service)) => format!("service:{service}"),
            (None, None) => "anonymous".to_owned(),
        }
    }

    /// What the call counts as when not all can be served. Work that came in
    /// by no call of the contracts is put back for nothing.
    pub(crate) fn class(&self) -> Class {
        let rules = Rules::of_house().ok();
        let call = rules.and_then(|rules| rules.get(self.method));
        call.map_or(Class::Money, CallRule::class)
    }

    /// Under whom a request id is kept: by tokens, never by what the client says.
    pub(crate) fn claimant(&self) -> String {
        let person = self.person.as_ref().map_or(Uuid::nil(), |p| p.id.0);
        format!("{}/{person}", self.service.as_deref().unwrap_or_default())
    }

    /// The setting `app.studios` of row level security: `all` or an array.
    pub(crate) fn studios_setting(&self) -> String {
        match &self.studios {
            Studios::All => "all".to_owned(),
            Studios::Some(studios) => {
                let ids: Vec<String> = studios.iter().map(ToString::to_string).collect();
                format!("{{{}}}", ids.join(","))
            }
        }
    }

    /// The setting `app.own` of row level security: a person or nothing.
    pub(crate) fn own_setting(&self) -> String {
        if self.own {
            self.person().map(|p| p.to_string()).unwrap_or_default()
        } else {
            String::new()
        }
    }
}
