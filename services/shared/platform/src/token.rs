//! Tokens: who a person is and which posts they hold, signed by members; and
//! which service calls, signed by the service itself. EdDSA only, and every
//! claim is required.

mod keys;
mod known;
mod verify;

use std::sync::Mutex;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{Clock, NodeId, PersonId};
use proto::studio::access::v1::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use keys::{KeyPair, generate_keys};
pub use verify::{BadToken, Verifier, public_keys};

/// For whom every token of the house is.
pub const AUDIENCE: &str = "platform";
/// The metadata key that carries `Bearer <person token>`.
pub const PERSON_HEADER: &str = "authorization";
/// The metadata key that carries `Bearer <service token>`.
pub const SERVICE_HEADER: &str = "x-studio-service";
/// How long a person's token lives.
pub const PERSON_TOKEN_LIFE: Duration = Duration::from_mins(15);

/// What a person is to the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonKind {
    Member,
    Staff,
}

/// Where a grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum GrantNode {
    /// The whole operator.
    All,
    /// This node of the organisation and everything below it.
    Node(NodeId),
}

/// A post that somebody holds at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    #[serde(with = "role_name")]
    pub role: Role,
    pub node: GrantNode,
}

/// What a person's token says beyond its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonToken {
    /// The account they signed in with.
    pub account: String,
    pub person: PersonId,
    pub kind: PersonKind,
    pub grants: Vec<Grant>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Frame {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    nbf: u64,
    iat: u64,
    jti: Uuid,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PersonClaims {
    #[serde(flatten)]
    frame: Frame,
    person: PersonId,
    kind: PersonKind,
    grants: Vec<Grant>,
}

/// Signs tokens with one private key.
pub struct Signer {
    kid: String,
    key: EncodingKey,
}

impl Signer {
    /// A signer whose public key the others know by the name `kid`.
    pub fn from_pem(kid: impl Into<String>, private_pem: &str) -> Result<Self, BadToken> {
        let key = EncodingKey::from_ed_pem(private_pem.as_bytes()).map_err(|_| BadToken::Key)?;
        Ok(Self { kid: kid.into(), key })
    }

    /// A token by which `token.person` acts for `life`.
    pub fn person(&self, issuer: &str, token: &PersonToken, life: Duration) -> Result<String, BadToken> {
        let claims = PersonClaims {
            frame: frame(issuer, &token.account, life),
            person: token.person,
            kind: token.kind,
            grants: token.grants.clone(),
        };
        self.sign(&claims)
    }

    /// A token by which the service called as the key calls others for `life`.
    pub fn service(&self, life: Duration) -> Result<String, BadToken> {
        self.sign(&frame(&self.kid, &self.kid, life))
    }

    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, BadToken> {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|_| BadToken::Key)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.kid)
    }
}

fn frame(issuer: &str, subject: &str, life: Duration) -> Frame {
    let now = now();
    Frame {
        iss: issuer.to_owned(),
        sub: subject.to_owned(),
        aud: AUDIENCE.to_owned(),
        exp: now + life.as_secs(),
        nbf: now,
        iat: now,
        jti: kernel::fresh_uuid(),
    }
}

/// Tokens live by the machine's time, whatever the business clock says.
fn now() -> u64 {
    u64::try_from(Clock::real().timestamp()).unwrap_or_default()
}

/// This service's own token, signed anew when half its life is over.
#[derive(Debug)]
pub struct ServiceToken {
    signer: Option<Signer>,
    life: Duration,
    current: Mutex<Option<(u64, String)>>,
}

impl ServiceToken {
    /// Without a signer, calls go out without a service's token.
    pub fn new(signer: Option<Signer>, life: Duration) -> Self {
        Self {
            signer,
            life,
            current: Mutex::new(None),
        }
    }

    /// A token with at least half its life before it.
    pub fn current(&self) -> Option<String> {
        let signer = self.signer.as_ref()?;
        let mut current = self.current.lock().ok()?;
        let now = now();
        if let Some((until, token)) = current.as_ref()
            && *until > now
        {
            return Some(token.clone());
        }
        let token = signer.service(self.life).ok()?;
        *current = Some((now + self.life.as_secs() / 2, token.clone()));
        Some(token)
    }
}

impl TryFrom<String> for GrantNode {
    type Error = uuid::Error;
    fn try_from(text: String) -> Result<Self, uuid::Error> {
        if text == "all" {
            Ok(Self::All)
        } else {
            text.parse().map(Self::Node)
        }
    }
}

impl From<GrantNode> for String {
    fn from(node: GrantNode) -> Self {
        match node {
            GrantNode::All => "all".to_owned(),
            GrantNode::Node(node) => node.to_string(),
        }
    }
}

/// Roles travel by their names in the contract, without the prefix.
mod role_name {
    use proto::studio::access::v1::Role;
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference in")]
    pub(super) fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(role.as_str_name().trim_start_matches("ROLE_"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
        let name = String::deserialize(deserializer)?;
        Role::from_str_name(&format!("ROLE_{name}")).ok_or_else(|| de::Error::custom("unknown role"))
    }
}
