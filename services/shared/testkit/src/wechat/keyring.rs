//! The keys of the channel's side, and the merchant's that it knows: certificates
//! come and go, a public key stands beside them while an account moves to it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use kernel::Timestamp;
use rcgen::{CertificateParams, PKCS_RSA_SHA256, SerialNumber};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

use super::show::rfc3339;
use super::sign::{CheckingKey, OpeningKey, SigningKey, encrypt};
use super::{Config, nonce};

/// How long a certificate of the channel's lives.
const LIFE: Duration = Duration::from_hours(5 * 365 * 24);

/// A key with which the channel signs.
pub struct Named {
    /// `PUB_KEY_ID_…` or a serial.
    pub id: String,
    pub key: SigningKey,
    opening: OpeningKey,
}

struct Certificate {
    named: Named,
    pem: String,
    from: Timestamp,
}

pub struct Keyring {
    public: Option<Named>,
    certificates: Vec<Certificate>,
    /// The certificate in use; the public key without one.
    active: Option<String>,
    /// The merchant's keys by serial.
    merchant: BTreeMap<String, CheckingKey>,
}

impl Keyring {
    pub fn new(config: &Config) -> Result<Self> {
        let named = Named {
            id: config.platform_key_id.clone(),
            key: SigningKey::from_pem(&config.platform_private_pem)?,
            opening: OpeningKey::from_pem(&config.platform_private_pem)?,
        };
        let merchant = CheckingKey::from_pem(&config.merchant_public_pem)?;
        Ok(Self {
            public: Some(named),
            certificates: Vec::new(),
            active: None,
            merchant: BTreeMap::from([(config.merchant_serial.clone(), merchant)]),
        })
    }

    pub fn merchant_key(&self, serial: &str) -> Option<&CheckingKey> {
        self.merchant.get(serial)
    }

    /// Whether any key of the merchant's made this signature.
    pub fn is_merchants(&self, text: &[u8], signature: &str) -> bool {
        self.merchant.values().any(|key| key.accepts(text, signature))
    }

    pub fn know_merchant(&mut self, serial: &str, public_pem: &str) -> Result<()> {
        self.merchant
            .insert(serial.to_owned(), CheckingKey::from_pem(public_pem)?);
        Ok(())
    }

    pub fn forget_merchant(&mut self, serial: &str) {
        self.merchant.remove(serial);
    }

    /// Makes a certificate that is listed and not yet used.
    pub fn issue(&mut self, now: Timestamp) -> Result<String> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let der = pair.as_der()?;
        let pkcs8 = PrivatePkcs8KeyDer::from(der.as_ref().to_vec());
        let rsa = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256)?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        let mut serial = kernel::fresh_uuid().into_bytes().to_vec();
        serial[0] = (serial[0] & 0x7f) | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let pem = params.self_signed(&rsa)?.pem();
        let id = hex::encode_upper(&serial);
        let named = Named {
            id: id.clone(),
            key: SigningKey::from_der(der.as_ref())?,
            opening: OpeningKey::from_der(der.as_ref())?,
        };
        self.certificates.push(Certificate {
            named,
            pem,
            from: now,
        });
        Ok(id)
    }

    /// From now on this certificate signs; without one the public key.
    pub fn sign_with(&mut self, serial: Option<&str>) -> Result<()> {
        if let Some(serial) = serial {
            let found = self.certificates.iter().any(|c| c.named.id == serial);
            found.then_some(()).context("no such certificate")?;
        }
        self.active = serial.map(str::to_owned);
        Ok(())
    }

    /// The account has no public key any more, or not yet.
    pub fn drop_public_key(&mut self) {
        self.public = None;
    }

    /// The key by its name.
    pub fn named(&self, id: &str) -> Option<&Named> {
        self.certificates
            .iter()
            .map(|c| &c.named)
            .chain(&self.public)
            .find(|named| named.id == id)
    }

    /// What signs an answer to a request that names this key, and callbacks,
    /// which name none.
    pub fn signer(&self, wanted: Option<&str>) -> Option<&Named> {
        let public = self.public.as_ref();
        if let Some(named) = public.filter(|p| wanted == Some(p.id.as_str())) {
            return Some(named);
        }
        match &self.active {
            Some(id) => self.named(id),
            None => public,
        }
    }

    /// The certificates as they are listed, sealed; `None` without any.
    pub fn list(&self, api_v3_key: &[u8]) -> Result<Option<Value>> {
        let mut data = Vec::new();
        for certificate in &self.certificates {
            let nonce = nonce(12);
            let sealed = encrypt(api_v3_key, &nonce, "certificate", certificate.pem.as_bytes())?;
            data.push(json!({
                "serial_no": certificate.named.id,
                "effective_time": rfc3339(certificate.from),
                "expire_time": rfc3339(certificate.from + LIFE),
                "encrypt_certificate": {
                    "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "certificate",
                    "ciphertext": sealed,
                },
            }));
        }
        Ok((!data.is_empty()).then(|| json!({ "data": data })))
    }
}

impl Named {
    /// Opens a field that a merchant sealed for this key.
    pub fn open(&self, sealed: &str) -> Option<String> {
        self.opening.open(sealed)
    }
}
