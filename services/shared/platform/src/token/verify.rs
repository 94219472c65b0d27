use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;

use super::known::{Known, Speaker};
use super::{AUDIENCE, Frame, PersonClaims, PersonToken};

/// How far two machines' clocks may be apart, in seconds.
pub(super) const LEEWAY_S: u64 = 5;

/// Why a token is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    #[error("the token has expired")]
    Expired,
    #[error("the token is signed with a key that is not known here")]
    UnknownKey,
    #[error("the token is not for this platform or not by its issuer")]
    Foreign,
    #[error("the token is malformed or lacks a claim")]
    Malformed,
    #[error("the key cannot be used")]
    Key,
    #[error("the folder of verify keys {0} cannot be read")]
    Folder(PathBuf),
}

/// Checks tokens against the public keys it was given. Keys called `person`
/// or `person-…` speak for people, every other key for the service of its name
/// alone, so that no service can sign a person.
pub struct Verifier {
    issuer: String,
    keys: BTreeMap<String, (String, DecodingKey)>,
    known: Known,
}

impl Verifier {
    /// A verifier of the keys given as (kid, PEM).
    pub fn new(
        issuer: impl Into<String>,
        keys: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, BadToken> {
        let keys = keys
            .into_iter()
            .map(|(kid, pem)| {
                let key = DecodingKey::from_ed_pem(pem.as_bytes()).map_err(|_| BadToken::Key)?;
                Ok((kid, (pem, key)))
            })
            .collect::<Result<_, BadToken>>()?;
        Ok(Self {
            issuer: issuer.into(),
            keys,
            known: Known::default(),
        })
    }

    /// A verifier of every `<kid>.pem` in a folder.
    pub fn from_folder(issuer: impl Into<String>, folder: &Path) -> Result<Self, BadToken> {
        let keys = public_keys(folder)?;
        Self::new(issuer, keys)
    }

    /// The public keys that speak for people, as (kid, PEM).
    pub fn person_keys(&self) -> Vec<(String, String)> {
        let people = self.keys.iter().filter(|(kid, _)| speaks_for_people(kid));
        people.map(|(kid, (pem, _))| (kid.clone(), pem.clone())).collect()
    }

    /// The person behind a token, if it is good in every respect.
    pub fn person(&self, token: &str) -> Result<PersonToken, BadToken> {
        if let Some(Speaker::Person(known)) = self.known.speaker(token) {
            return Ok(known);
        }
        let (kid, claims) =
            self.verify::<PersonClaims>(token, |kid| speaks_for_people(kid).then(|| self.issuer.clone()))?;
        debug_assert!(speaks_for_people(&kid));
        let person = PersonToken {
            account: claims.frame.sub,
            person: claims.person,
            kind: claims.kind,
            grants: claims.grants,
        };
        self.known
            .keep(token, claims.frame.exp, Speaker::Person(person.clone()));
        Ok(person)
    }

    /// The service behind a token, if it is good in every respect.
    pub fn service(&self, token: &str) -> Result<String, BadToken> {
        if let Some(Speaker::Service(known)) = self.known.speaker(token) {
            return Ok(known);
        }
        let (kid, frame) =
            self.verify::<Frame>(token, |kid| (!speaks_for_people(kid)).then(|| kid.to_owned()))?;
        if frame.sub != kid {
            return Err(BadToken::Foreign);
        }
        self.known
            .keep(token, frame.exp, Speaker::Service(frame.sub.clone()));
        Ok(frame.sub)
    }

    fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        issuer_of: impl FnOnce(&str) -> Option<String>,
    ) -> Result<(String, T), BadToken> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| BadToken::Malformed)?;
        let kid = header.kid.ok_or(BadToken::UnknownKey)?;
        let (_, key) = self.keys.get(&kid).ok_or(BadToken::UnknownKey)?;
        let issuer = issuer_of(&kid).ok_or(BadToken::UnknownKey)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.leeway = LEEWAY_S;
        rules.validate_nbf = true;
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[issuer]);
        rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        let data = jsonwebtoken::decode::<T>(token, key, &rules).map_err(|error| reason(error.kind()))?;
        Ok((kid, data.claims))
    }
}

/// Every `<kid>.pem` in a folder, as (kid, PEM).
pub fn public_keys(folder: &Path) -> Result<Vec<(String, String)>, BadToken> {
    let unreadable = |_| BadToken::Folder(folder.to_owned());
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "pem")
            && let Some(kid) = path.file_stem().and_then(|stem| stem.to_str())
        {
            let pem = std::fs::read_to_string(&path).map_err(unreadable)?;
            keys.push((kid.to_owned(), pem));
        }
    }
    Ok(keys)
}

fn speaks_for_people(kid: &str) -> bool {
    kid == "person" || kid.starts_with("person-")
}

fn reason(kind: &ErrorKind) -> BadToken {
    match kind {
        ErrorKind::ExpiredSignature => BadToken::Expired,
        ErrorKind::InvalidSignature => BadToken::UnknownKey,
        ErrorKind::InvalidAudience | ErrorKind::InvalidIssuer | ErrorKind::ImmatureSignature => {
            BadToken::Foreign
        }
        _ => BadToken::Malformed,
    }
}

#[cfg(test)]
mod tests;
