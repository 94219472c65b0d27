//! Tokens that are wrong in one thing each, signed as the right ones are.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::token::generate_keys;
use serde_json::{Value, json};

use crate::house::{Identity, keys};

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Expired,
    WrongAudience,
    /// Its end stands there as text, which some libraries take for no end.
    ExpiryAsText,
    NotYetValid,
    /// Signed with a key that only has the right name.
    ForeignKey,
}

impl Flaw {
    pub const ALL: [Self; 5] = [
        Self::Expired,
        Self::WrongAudience,
        Self::ExpiryAsText,
        Self::NotYetValid,
        Self::ForeignKey,
    ];
}

impl Identity {
    /// The same caller, whose tokens have the flaw.
    ///
    /// # Panics
    /// When the tokens of tests cannot be read.
    #[must_use]
    pub fn flawed(self, flaw: Flaw) -> Self {
        self.with_tokens(|token| {
            spoiled(token, flaw).unwrap_or_else(|error| panic!("a token with the flaw {flaw:?}: {error:#}"))
        })
    }
}

fn spoiled(token: &str, flaw: Flaw) -> Result<String> {
    let header = jsonwebtoken::decode_header(token)?;
    let kid = header.kid.context("a token names its key")?;
    let payload = token.split('.').nth(1).context("a token has three parts")?;
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    let now = claims["iat"].as_u64().context("a token says when it was made")?;
    match flaw {
        Flaw::Expired => {
            claims["nbf"] = json!(now - 7200);
            claims["exp"] = json!(now - 3600);
        }
        Flaw::WrongAudience => claims["aud"] = json!("elsewhere"),
        Flaw::ExpiryAsText => claims["exp"] = json!((now + 3600).to_string()),
        Flaw::NotYetValid => claims["nbf"] = json!(now + 3600),
        Flaw::ForeignKey => {}
    }
    let path = match kid.as_str() {
        "person" => keys().person(),
        service => keys().service(service),
    };
    let pem = if flaw == Flaw::ForeignKey {
        generate_keys()?.private_pem
    } else {
        std::fs::read_to_string(path)?
    };
    let header = Header {
        kid: Some(kid),
        ..Header::new(Algorithm::EdDSA)
    };
    Ok(jsonwebtoken::encode(
        &header,
        &claims,
        &EncodingKey::from_ed_pem(pem.as_bytes())?,
    )?)
}
