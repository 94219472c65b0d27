//! The keys of the house of tests, and who calls: tokens for any person, post
//! or service, signed as members and the services themselves would.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result};
use kernel::{LegalEntityId, NodeId, PersonId, StudioId, derived_uuid};
use platform::keys::{self, KeyFolder};
use platform::token::{Grant, GrantNode, PERSON_HEADER, PersonKind, PersonToken, SERVICE_HEADER, Signer};
use proto::studio::access::v1::Role;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use uuid::Uuid;

/// Who issues persons' tokens in tests, as by default.
const ISSUER: &str = "studio";
/// Long enough for any test.
const TOKEN_LIFE: Duration = Duration::from_hours(2);

/// A channel to a service on which somebody calls: hand it to a client.
pub type Door = InterceptedService<Channel, Identity>;

/// The folder of keys that all tests of this machine share.
pub fn keys() -> &'static KeyFolder {
    static FOLDER: OnceLock<KeyFolder> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let path = make_once().unwrap_or_else(|error| panic!("keys for tests: {error:#}"));
        KeyFolder::new(path)
    })
}

/// Makes the keys beside their place and moves them there whole, since many
/// test processes start at once. The first to move wins.
fn make_once() -> Result<PathBuf> {
    let place = std::env::temp_dir().join(format!("studio-test-keys-2-{}", account()));
    if is_whole(&place) {
        return Ok(place);
    }
    let draft = std::env::temp_dir().join(format!("studio-test-keys-{}", kernel::fresh_uuid()));
    keys::make(&KeyFolder::new(&draft))?;
    if std::fs::rename(&draft, &place).is_err() {
        std::fs::remove_dir_all(&draft)?;
    }
    anyhow::ensure!(
        is_whole(&place),
        "{} holds something else; remove it",
        place.display()
    );
    Ok(place)
}

fn is_whole(place: &Path) -> bool {
    let folder = KeyFolder::new(place);
    folder.verify().join("person.pem").exists() && folder.alipay("alipay-public.pem").exists()
}

#[expect(
    clippy::disallowed_methods,
    reason = "keeps the keys of two users of a machine apart"
)]
fn account() -> String {
    std::env::var("USER").unwrap_or_else(|_| "nobody".to_owned())
}

fn signer(kid: &str, path: &Path) -> Result<Signer> {
    let pem = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Signer::from_pem(kid, &pem).context("a key for tests")
}

/// Where somebody holds a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The whole operator.
    Everywhere,
    /// A node of the organisation and everything below.
    Node(NodeId),
}

impl From<StudioId> for At {
    fn from(id: StudioId) -> Self {
        Self::Node(NodeId(id.0))
    }
}

impl From<LegalEntityId> for At {
    fn from(id: LegalEntityId) -> Self {
        Self::Node(NodeId(id.0))
    }
}

impl From<NodeId> for At {
    fn from(id: NodeId) -> Self {
        Self::Node(id)
    }
}

/// Somebody who calls: nobody, a person, a service, or a person through a service.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    person: Option<(PersonId, String)>,
    service: Option<String>,
}

impl Identity {
    /// Nobody signed in.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// A member, acting for themselves.
    pub fn member(person: PersonId) -> Self {
        let grants = vec![Grant {
            role: Role::Member,
            node: GrantNode::All,
        }];
        Self::person_with(person, PersonKind::Member, grants)
    }

    /// The one person who holds `role` at `place`: the same person each time.
    pub fn staff(role: Role, place: impl Into<At>) -> Self {
        let place = place.into();
        Self::posts(staff_person(role, place), &[(role, place)])
    }

    /// A member of staff with several posts, or a second person with the same post.
    pub fn posts(person: PersonId, posts: &[(Role, At)]) -> Self {
        Self::person_with(person, PersonKind::Staff, grants(posts))
    }

    /// As [`Identity::posts`], signed in with an account of one's choice.
    pub fn account(account: &str, person: PersonId, posts: &[(Role, At)]) -> Self {
        Self::signed(account.to_owned(), person, PersonKind::Staff, grants(posts))
    }

    /// Whoever holds a token that the house itself gave out.
    pub fn holding(person: PersonId, token: &str) -> Self {
        Self {
            person: Some((person, format!("Bearer {token}"))),
            service: None,
        }
    }

    /// A service by itself.
    pub fn service(name: &str) -> Self {
        Self::anonymous().through(name)
    }

    /// The same person, calling through a service.
    #[must_use]
    pub fn through(self, service: &str) -> Self {
        let token = signer(service, &keys().service(service))
            .and_then(|signer| signer.service(TOKEN_LIFE).context("signing"))
            .unwrap_or_else(|error| panic!("a token for {service}: {error:#}"));
        Self {
            service: Some(format!("Bearer {token}")),
            ..self
        }
    }

    /// Who this is.
    ///
    /// # Panics
    /// When nobody is signed in.
    pub fn person(&self) -> PersonId {
        self.person
            .as_ref()
            .map_or_else(|| panic!("nobody is signed in"), |p| p.0)
    }

    /// The token by which the person acts, as `Bearer …`.
    pub fn bearer(&self) -> Option<&str> {
        self.person.as_ref().map(|p| p.1.as_str())
    }

    /// The same caller with every token changed.
    pub(crate) fn with_tokens(self, change: impl Fn(&str) -> String) -> Self {
        let changed = |token: String| {
            let bare = token.trim_start_matches("Bearer ");
            format!("Bearer {}", change(bare))
        };
        Self {
            person: self.person.map(|(person, token)| (person, changed(token))),
            service: self.service.map(changed),
        }
    }

    fn person_with(person: PersonId, kind: PersonKind, grants: Vec<Grant>) -> Self {
        Self::signed(format!("test-{person}"), person, kind, grants)
    }

    fn signed(account: String, person: PersonId, kind: PersonKind, grants: Vec<Grant>) -> Self {
        let token = PersonToken {
            account,
            person,
            kind,
            grants,
        };
        let token = signer("person", &keys().person())
            .and_then(|signer| signer.person(ISSUER, &token, TOKEN_LIFE).context("signing"))
            .unwrap_or_else(|error| panic!("a token for a person: {error:#}"));
        Self {
            person: Some((person, format!("Bearer {token}"))),
            service: None,
        }
    }
}

impl Interceptor for Identity {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let person = self.person.as_ref().map(|p| &p.1);
        for (header, token) in [(PERSON_HEADER, person), (SERVICE_HEADER, self.service.as_ref())] {
            if let Some(token) = token {
                let value = MetadataValue::try_from(token).map_err(|_| Status::internal("no header"))?;
                request.metadata_mut().insert(header, value);
            }
        }
        Ok(request)
    }
}

fn grants(posts: &[(Role, At)]) -> Vec<Grant> {
    let grant = |(role, at): &(Role, At)| Grant {
        role: *role,
        node: node(*at),
    };
    posts.iter().map(grant).collect()
}

fn node(at: At) -> GrantNode {
    match at {
        At::Everywhere => GrantNode::All,
        At::Node(node) => GrantNode::Node(node),
    }
}

/// The person who holds `role` at `place` in [`Identity::staff`].
pub fn staff_person(role: Role, place: impl Into<At>) -> PersonId {
    let parent = match place.into() {
        At::Everywhere => Uuid::nil(),
        At::Node(node) => node.0,
    };
    PersonId(derived_uuid(parent, role.as_str_name()))
}
