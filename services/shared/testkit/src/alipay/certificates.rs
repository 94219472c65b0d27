//! How certificates are named in certificate mode, from the channel's side: MD5
//! over the issuer and the serial, made from the protocol's text alone.

use anyhow::{Context as _, Result, ensure};
use md5::{Digest as _, Md5};
use x509_parser::certificate::X509Certificate;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer as _;

use crate::wechat::sign::der_of;

/// The name of a certificate.
pub fn name(pem: &str) -> Result<String> {
    let der = der_of(pem)?;
    name_of(&X509Certificate::from_der(&der)?.1)
}

/// The name of a bundle of roots: those signed with RSA, joined.
pub fn bundle_name(pem: &str) -> Result<String> {
    let mut names = Vec::new();
    for section in pem
        .split_inclusive("-----END CERTIFICATE-----")
        .filter(|s| s.contains("BEGIN"))
    {
        let der = der_of(section)?;
        let (_, root) = X509Certificate::from_der(&der)?;
        // sha1WithRSAEncryption and its kin
        if root
            .signature_algorithm
            .algorithm
            .to_id_string()
            .starts_with("1.2.840.113549.1.1")
        {
            names.push(name_of(&root)?);
        }
    }
    ensure!(!names.is_empty(), "no root is signed with RSA");
    Ok(names.join("_"))
}

fn name_of(certificate: &X509Certificate<'_>) -> Result<String> {
    let mut issuer = Vec::new();
    for attribute in certificate.issuer().iter_attributes() {
        let short = oid2abbrev(attribute.attr_type(), oid_registry());
        let short = short
            .ok()
            .context("a part of the issuer's name without an abbreviation")?;
        issuer.insert(0, format!("{short}={}", attribute.as_str()?));
    }
    let named = format!("{}{}", issuer.join(","), certificate.serial);
    Ok(hex::encode(Md5::digest(named)))
}
