//! Who may vouch for staff: the chain's identity providers, by their public
//! keys, and on a developer's machine the embedded issuer.

mod dev;
mod keys;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kernel::PersonId;
use platform::personal::Email;
use serde::Deserialize;

use crate::config::IssuerConfig;
use crate::domain::Refusal;

pub use dev::DevIssuer;
pub use keys::public_key_bytes;

/// How far the provider's clock may be away, in seconds.
const LEEWAY_S: u64 = 60;

/// Whom an id token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// An account of staff at the identity provider.
    Account(Email),
    /// A member; only the development issuer says so.
    Member(PersonId),
}

/// The issuers whose id tokens are accepted.
pub struct Issuers {
    known: Vec<Issuer>,
    dev: Option<DevIssuer>,
}

struct Issuer {
    name: String,
    audience: String,
    keys: Vec<Key>,
}

/// One public key and what may be signed with it.
pub(crate) struct Key {
    pub id: Option<String>,
    pub verifies: DecodingKey,
    pub algorithms: Vec<Algorithm>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    member: Option<PersonId>,
}

impl Issuers {
    /// Reads the keys of every configured issuer.
    pub fn open(issuers: &[IssuerConfig], dev: Option<DevIssuer>) -> anyhow::Result<Self> {
        let mut known = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            let keys = keys::read(&issuer.keys)?;
            known.push(Issuer {
                name: issuer.issuer.clone(),
                audience: issuer.audience.clone(),
                keys,
            });
        }
        Ok(Self { known, dev })
    }

    pub fn dev(&self) -> Option<&DevIssuer> {
        self.dev.as_ref()
    }

    /// Whom a token names, if it is good in every respect.
    pub fn verify(&self, token: &str) -> Result<Identity, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::IdTokenRejected)?;
        for issuer in &self.known {
            if let Some(claims) = issuer.verify(token, &header) {
                return account(&claims);
            }
        }
        let dev = self
            .dev
            .as_ref()
            .and_then(|dev| dev.as_issuer().verify(token, &header));
        match dev {
            Some(Claims {
                member: Some(person), ..
            }) => Ok(Identity::Member(person)),
            Some(claims) => account(&claims),
            None => Err(Refusal::IdTokenRejected),
        }
    }
}

fn account(claims: &Claims) -> Result<Identity, Refusal> {
    if !claims.email_verified {
        return Err(Refusal::IdTokenRejected);
    }
    let account = Email::parse("email", &claims.email).map_err(|_| Refusal::IdTokenRejected)?;
    Ok(Identity::Account(account))
}

impl Issuer {
    fn verify(&self, token: &str, header: &jsonwebtoken::Header) -> Option<Claims> {
        let fits = |key: &&Key| {
            key.algorithms.contains(&header.alg)
                && (key.id.is_none() || header.kid.is_none() || key.id == header.kid)
        };
        self.keys.iter().filter(fits).find_map(|key| {
            let mut rules = Validation::new(header.alg);
            rules.leeway = LEEWAY_S;
            rules.validate_nbf = true;
            rules.set_audience(&[&self.audience]);
            rules.set_issuer(&[&self.name]);
            rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
            jsonwebtoken::decode::<Claims>(token, &key.verifies, &rules)
                .ok()
                .map(|data| data.claims)
        })
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use platform::token::generate_keys;
    use serde_json::{Value, json};

    use super::*;

    fn issuers(public_pem: &str) -> Issuers {
        let key = Key {
            id: Some("k1".to_owned()),
            verifies: DecodingKey::from_ed_pem(public_pem.as_bytes()).unwrap(),
            algorithms: vec![Algorithm::EdDSA],
        };
        let idp = Issuer {
            name: "https://idp".to_owned(),
            audience: "studio".to_owned(),
            keys: vec![key],
        };
        Issuers {
            known: vec![idp],
            dev: None,
        }
    }

    fn claims() -> Value {
        let now = kernel::Clock::real().timestamp();
        json!({"iss": "https://idp", "aud": "studio", "sub": "1", "exp": now + 60, "email": "Wu@a.cn", "email_verified": true})
    }

    fn sign(claims: &Value, private_pem: &str) -> String {
        let kid = Some("k1".to_owned());
        let header = Header {
            kid,
            ..Header::new(Algorithm::EdDSA)
        };
        let key = EncodingKey::from_ed_pem(private_pem.as_bytes()).unwrap();
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    #[test]
    fn only_a_token_that_is_good_in_every_respect_names_an_account() {
        let (idp, other) = (generate_keys().unwrap(), generate_keys().unwrap());
        let issuers = issuers(&idp.public_pem);
        let good = issuers.verify(&sign(&claims(), &idp.private_pem)).unwrap();
        assert_eq!(good, Identity::Account(Email::parse("email", "wu@a.cn").unwrap()));
        assert_eq!(
            issuers.verify(&sign(&claims(), &other.private_pem)),
            Err(Refusal::IdTokenRejected)
        );
        assert_eq!(issuers.verify("a.b.c"), Err(Refusal::IdTokenRejected));
        for (claim, value) in [
            ("iss", json!("https://evil")),
            ("aud", json!("another")),
            ("exp", json!(1)),
            ("exp", json!("9999999999")),
            ("email_verified", json!(false)),
            ("email", json!("nobody")),
            ("email", Value::Null),
        ] {
            let mut bad = claims();
            bad[claim] = value;
            assert!(issuers.verify(&sign(&bad, &idp.private_pem)).is_err(), "{claim}");
        }
        for claim in ["iss", "aud", "exp", "sub", "email", "email_verified"] {
            let mut bad = claims();
            bad.as_object_mut().unwrap().remove(claim);
            assert!(issuers.verify(&sign(&bad, &idp.private_pem)).is_err(), "{claim}");
        }
    }

    #[test]
    fn a_provider_cannot_name_a_member() {
        let idp = generate_keys().unwrap();
        let mut says = claims();
        says["member"] = json!(PersonId::fresh());
        let key = EncodingKey::from_ed_pem(idp.private_pem.as_bytes()).unwrap();
        let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &says, &key).unwrap();
        assert!(matches!(
            issuers(&idp.public_pem).verify(&token),
            Ok(Identity::Account(_))
        ));
    }

    #[test]
    fn the_development_issuer_names_staff_and_members_only_where_it_is_switched_on() {
        let dev = DevIssuer::open(None).unwrap();
        let person = PersonId::fresh();
        let (token, _) = dev.issue(&Identity::Member(person)).unwrap();
        assert_eq!(
            issuers(&generate_keys().unwrap().public_pem).verify(&token),
            Err(Refusal::IdTokenRejected)
        );
        let with_dev = Issuers {
            known: Vec::new(),
            dev: Some(dev),
        };
        assert_eq!(with_dev.verify(&token), Ok(Identity::Member(person)));
        let wu = Identity::Account(Email::parse("email", "wu@a.cn").unwrap());
        let (token, _) = with_dev.dev().unwrap().issue(&wu).unwrap();
        assert_eq!(with_dev.verify(&token), Ok(wu));
    }
}
