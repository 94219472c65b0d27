use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::BadToken;

/// What stands before the 32 bytes of an Ed25519 public key in its DER form.
const PUBLIC_DER_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A fresh key pair in PEM: the private half for its owner alone, the public
/// half for the folder of verify keys, as `<kid>.pem`.
#[derive(Clone)]
pub struct KeyPair {
    pub private_pem: String,
    pub public_pem: String,
}

/// Makes an Ed25519 key pair for signing tokens.
pub fn generate_keys() -> Result<KeyPair, BadToken> {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| BadToken::Key)?;
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).map_err(|_| BadToken::Key)?;
    let mut public = PUBLIC_DER_HEAD.to_vec();
    public.extend_from_slice(pair.public_key().as_ref());
    Ok(KeyPair {
        private_pem: pem("PRIVATE KEY", private.as_ref()),
        public_pem: pem("PUBLIC KEY", &public),
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem + "-----END " + label + "-----\n"
}
