//! Who stands behind certificate mode: a bundle of roots, an issuer below one of
//! them, and the certificates of the application and of Alipay itself.

use anyhow::Result;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{self, KeySize};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

use super::SELLER_ID;
use super::certificates;
use super::sign::SigningKey;
use crate::wechat::sign::private_der;

/// Whose a certificate of Alipay's is.
const ALIPAY: &str = "支付宝(中国)网络技术有限公司";

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    bundle: String,
    app: String,
}

/// A certificate of Alipay's: what signs with it, and it with its issuer in PEM.
pub struct Issued {
    pub key: SigningKey,
    pub pem: String,
    pub name: String,
}

impl Authority {
    /// With a certificate for the application whose key this is.
    pub fn new(app_private_pem: &str) -> Result<Self> {
        let root = CertifiedIssuer::self_signed(issuing("Financial Certification Authority R1"), rsa_key()?)?;
        let other =
            CertifiedIssuer::self_signed(issuing("Certification Authority E1"), KeyPair::generate()?)?;
        let below = issuing("Financial Certification Authority Class 2 R1");
        let issuer = CertifiedIssuer::signed_by(below, rsa_key()?, &root)?;
        let app = key_of(&private_der(app_private_pem)?)?;
        let app = bearing(&format!("{SELLER_ID}-{}", super::APP_ID))?.signed_by(&app, &issuer)?;
        Ok(Self {
            bundle: format!("{}{}", other.pem(), root.pem()),
            app: app.pem(),
            issuer,
        })
    }

    /// The bundle of roots, one of which is not signed with RSA.
    pub fn roots(&self) -> &str {
        &self.bundle
    }

    /// The application's certificate.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// A further certificate of Alipay's with a key of its own.
    pub fn issue(&self) -> Result<Issued> {
        self.issue_to(&format!("{ALIPAY}-{SELLER_ID}"))
    }

    /// A certificate of somebody's whom the same issuer knows.
    pub fn issue_to(&self, whom: &str) -> Result<Issued> {
        let der = rsa_der()?;
        let certificate = bearing(whom)?.signed_by(&key_of(&der)?, &self.issuer)?;
        Ok(Issued {
            key: SigningKey::from_der(&der)?,
            name: certificates::name(&certificate.pem())?,
            pem: format!("{}{}", certificate.pem(), self.issuer.pem()),
        })
    }
}

fn rsa_der() -> Result<Vec<u8>> {
    Ok(rsa::KeyPair::generate(KeySize::Rsa2048)?
        .as_der()?
        .as_ref()
        .to_vec())
}

fn rsa_key() -> Result<KeyPair> {
    key_of(&rsa_der()?)
}

fn key_of(der: &[u8]) -> Result<KeyPair> {
    let der = PrivatePkcs8KeyDer::from(der.to_vec());
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256)?)
}

/// Named as the channel names them, the most general part first.
fn named(organisation: &str, unit: &str, name: &str) -> DistinguishedName {
    let mut whole = DistinguishedName::new();
    whole.push(DnType::CountryName, "CN");
    whole.push(DnType::OrganizationName, organisation);
    whole.push(DnType::OrganizationalUnitName, unit);
    whole.push(DnType::CommonName, name);
    whole
}

fn issuing(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Ant Simulated", "Certification Authority", name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn bearing(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = named("studio@simulated.example", "Alipay", name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.serial_number = Some(SerialNumber::from_slice(kernel::fresh_uuid().as_bytes()));
    Ok(params)
}
