use std::path::Path;

use anyhow::{Context as _, bail};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::Key;

const RSA: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// Reads an issuer's public keys: a JWKS file (`.json`), or a PEM file of one key.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Key>> {
    let context = || format!("the issuer's keys {}", path.display());
    let text = std::fs::read_to_string(path).with_context(context)?;
    let keys = if path.extension().is_some_and(|e| e == "json") {
        let set: JwkSet = serde_json::from_str(&text).with_context(context)?;
        set.keys.iter().filter_map(from_jwk).collect()
    } else {
        vec![from_pem(&text).with_context(context)?]
    };
    if keys.is_empty() {
        bail!("{} hold no key that can verify a signature", context());
    }
    Ok(keys)
}

/// Keys for other purposes than signatures, and kinds that are not accepted, are left out.
fn from_jwk(jwk: &Jwk) -> Option<Key> {
    let algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => RSA.to_vec(),
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P384 => vec![Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        _ => return None,
    };
    Some(Key {
        id: jwk.common.key_id.clone(),
        verifies: DecodingKey::from_jwk(jwk).ok()?,
        algorithms,
    })
}

fn from_pem(text: &str) -> anyhow::Result<Key> {
    let pem = text.as_bytes();
    let ed = DecodingKey::from_ed_pem(pem).map(|key| (key, vec![Algorithm::EdDSA]));
    let ec = || DecodingKey::from_ec_pem(pem).map(|key| (key, vec![Algorithm::ES256, Algorithm::ES384]));
    let rsa = || DecodingKey::from_rsa_pem(pem).map(|key| (key, RSA.to_vec()));
    let (verifies, algorithms) = ed.or_else(|_| ec()).or_else(|_| rsa())?;
    Ok(Key {
        id: None,
        verifies,
        algorithms,
    })
}

/// The 32 bytes of an Ed25519 public key in PEM.
pub fn public_key_bytes(pem: &str) -> Option<Vec<u8>> {
    let der = der(pem)?;
    der.len()
        .checked_sub(32)
        .and_then(|from| der.get(from..))
        .map(<[u8]>::to_vec)
}

/// The 32 bytes of the public half of an Ed25519 private key in PEM.
pub(super) fn public_of(private_pem: &str) -> Option<Vec<u8>> {
    let pair = Ed25519KeyPair::from_pkcs8(&der(private_pem)?).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

fn der(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::token::generate_keys;

    #[test]
    fn the_public_half_of_a_private_key_is_the_public_key() {
        let keys = generate_keys().unwrap();
        assert_eq!(public_of(&keys.private_pem), public_key_bytes(&keys.public_pem));
        assert_eq!(
            public_key_bytes(&keys.public_pem).map(|bytes| bytes.len()),
            Some(32)
        );
    }
}
