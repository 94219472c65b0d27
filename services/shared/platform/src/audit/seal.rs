//! Signing heads, and checking what others signed.

use std::collections::BTreeMap;
use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::studio::operations::v1 as pb;

use super::encoding::{LINK, START, head_bytes};
use crate::token::BadToken;

/// How many bytes of a public key's DER form stand before the key itself.
const DER_HEAD: usize = 12;

/// Signs this service's heads, with the key that signs its tokens.
pub struct Seal {
    kid: String,
    pair: Ed25519KeyPair,
}

impl Seal {
    /// A seal whose public half the others know by the name of the service.
    pub fn from_pem(kid: &str, private_pem: &str) -> Result<Self, BadToken> {
        let der = der(private_pem).ok_or(BadToken::Key)?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| BadToken::Key)?;
        Ok(Self {
            kid: kid.to_owned(),
            pair,
        })
    }

    /// The head with the key's name and the signature in it.
    pub fn sign(&self, head: pb::AuditHead) -> pb::AuditHead {
        let mut head = pb::AuditHead {
            key_id: self.kid.clone(),
            ..head
        };
        head.signature = self.pair.sign(&head_bytes(&head)).as_ref().to_vec();
        head
    }
}

/// The services' public keys.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<String, Vec<u8>>);

impl Keys {
    /// Keys given as (kid, PEM).
    pub fn new(keys: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadToken> {
        let keys = keys.into_iter().map(|(kid, pem)| {
            let key = der(&pem).and_then(|der| der.get(DER_HEAD..).map(<[u8]>::to_vec));
            Ok((kid, key.ok_or(BadToken::Key)?))
        });
        Ok(Self(keys.collect::<Result<_, BadToken>>()?))
    }

    /// Every `<kid>.pem` in a folder.
    pub fn from_folder(folder: &Path) -> Result<Self, BadToken> {
        Self::new(crate::token::public_keys(folder)?)
    }

    /// Whether the head has the shape of one and its own service signed it.
    pub fn signed(&self, head: &pb::AuditHead) -> bool {
        head.key_id == head.service
            && well_formed(head)
            && self.0.get(&head.key_id).is_some_and(|key| {
                UnparsedPublicKey::new(&ED25519, key)
                    .verify(&head_bytes(head), &head.signature)
                    .is_ok()
            })
    }
}

fn well_formed(head: &pb::AuditHead) -> bool {
    let entries = i64::try_from(head.links.len() / LINK).unwrap_or_default();
    head.hash.len() == START.len()
        && head.from_seq > 0
        && head.links.len().is_multiple_of(LINK)
        && head.from_seq.checked_add(entries - 1) == Some(head.seq)
}

fn der(pem: &str) -> Option<Vec<u8>> {
    let text: String = pem
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('-'))
        .collect();
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::generate_keys;

    #[test]
    fn a_head_is_good_when_its_own_service_signed_every_word_of_it() {
        let (wallet, orders) = (generate_keys().unwrap(), generate_keys().unwrap());
        let keys = Keys::new([
            ("wallet".to_owned(), wallet.public_pem),
            ("orders".to_owned(), orders.public_pem),
        ])
        .unwrap();
        let head = pb::AuditHead {
            service: "wallet".to_owned(),
            seq: 3,
            hash: vec![7; 32],
            from_seq: 1,
            links: vec![1; 24],
            ..Default::default()
        };
        let good = Seal::from_pem("wallet", &wallet.private_pem)
            .unwrap()
            .sign(head.clone());
        assert!(keys.signed(&good));
        let by_orders = Seal::from_pem("orders", &orders.private_pem).unwrap().sign(head);
        assert!(!keys.signed(&by_orders));
        for bad in [
            pb::AuditHead {
                seq: 4,
                ..good.clone()
            },
            pb::AuditHead {
                from_seq: 2,
                ..good.clone()
            },
            pb::AuditHead {
                hash: vec![8; 32],
                ..good.clone()
            },
            pb::AuditHead {
                links: vec![2; 24],
                ..good.clone()
            },
            pb::AuditHead {
                signature: Vec::new(),
                ..good.clone()
            },
            pb::AuditHead {
                key_id: "orders".to_owned(),
                ..good.clone()
            },
        ] {
            assert!(!keys.signed(&bad), "{bad:?}");
        }
    }
}
