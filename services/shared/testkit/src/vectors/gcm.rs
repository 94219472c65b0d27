//! AES-GCM with nonces that no channel sends and some libraries test with: on
//! code for tests alone, so that files with them are held as well.

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U8, U12, U13, U14, U15, U16, U24, U32};
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::aes::{Aes128, Aes256};
use anyhow::{Result, bail};

#[derive(Debug, Clone, Copy)]
pub enum Way {
    Open,
    Seal,
}

/// What comes out; `None` where it does not open.
pub fn run(way: Way, key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Result<Option<Vec<u8>>> {
    macro_rules! ciphers {
        ($($length:literal $size:ty),*) => {
            match (key.len(), nonce.len()) {
                $((16, $length) => through::<AesGcm<Aes128, $size>>,
                (32, $length) => through::<AesGcm<Aes256, $size>>,)*
                (key, nonce) => bail!("no cipher for a key of {key} and a nonce of {nonce} bytes"),
            }
        };
    }
    let through = ciphers!(8 U8, 12 U12, 13 U13, 14 U14, 15 U15, 16 U16, 24 U24, 32 U32);
    Ok(through(way, key, nonce, aad, msg))
}

fn through<C: KeyInit + Aead>(way: Way, key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let (nonce, payload): (&Nonce<C>, _) = (nonce.into(), Payload { msg, aad });
    match way {
        Way::Open => cipher.decrypt(nonce, payload).ok(),
        Way::Seal => cipher.encrypt(nonce, payload).ok(),
    }
}
