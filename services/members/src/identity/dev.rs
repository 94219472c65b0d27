use std::path::Path;

use anyhow::Context as _;
use chrono::Duration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use kernel::{Clock, Timestamp};
use platform::Error;
use platform::token::generate_keys;
use serde_json::json;

use super::{Identity, Issuer, Key};

const NAME: &str = "https://dev-issuer.invalid";
const AUDIENCE: &str = "studio";
/// How long its tokens live.
const LIFE: Duration = Duration::minutes(5);

/// Signs id tokens for anybody: never where people are real.
pub struct DevIssuer {
    key: EncodingKey,
    issuer: Issuer,
}

impl DevIssuer {
    /// With the private key in a file, or with one that lives as long as the process.
    pub fn open(key: Option<&Path>) -> anyhow::Result<Self> {
        let private = match key {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("dev_issuer.key_file {}", path.display()))?,
            None => {
                generate_keys()
                    .context("a key for the development issuer")?
                    .private_pem
            }
        };
        let key =
            EncodingKey::from_ed_pem(private.as_bytes()).context("dev_issuer.key_file is no Ed25519 key")?;
        let public = super::keys::public_of(&private).context("dev_issuer.key_file is no Ed25519 key")?;
        let verify = Key {
            id: None,
            verifies: DecodingKey::from_ed_der(&public),
            algorithms: vec![Algorithm::EdDSA],
        };
        let issuer = Issuer {
            name: NAME.to_owned(),
            audience: AUDIENCE.to_owned(),
            keys: vec![verify],
        };
        Ok(Self { key, issuer })
    }

    /// An id token that names somebody, and when it ends.
    pub fn issue(&self, identity: &Identity) -> Result<(String, Timestamp), Error> {
        let now = Clock::real();
        let until = now + LIFE;
        let mut claims = json!({
            "iss": NAME, "aud": AUDIENCE, "iat": now.timestamp(), "nbf": now.timestamp(), "exp": until.timestamp(),
        });
        match identity {
            Identity::Account(account) => {
                claims["sub"] = json!(account.expose());
                claims["email"] = json!(account.expose());
                claims["email_verified"] = json!(true);
            }
            Identity::Member(person) => {
                claims["sub"] = json!(person);
                claims["member"] = json!(person);
            }
        }
        let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key);
        Ok((
            token.map_err(|error| Error::Internal(format!("signing an id token: {error}")))?,
            until,
        ))
    }

    pub(super) fn as_issuer(&self) -> &Issuer {
        &self.issuer
    }
}
