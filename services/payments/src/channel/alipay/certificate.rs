//! How Alipay names certificates in certificate mode: the MD5 of the issuer's
//! name and the decimal serial. MD5 is a name here and protects nothing.

use md5::{Digest as _, Md5};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

/// The abbreviations of a name's parts, by object identifier.
const PARTS: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];
/// How the identifiers of all RSA signatures begin.
const RSA: &str = "1.2.840.113549.1.1.";

/// The name of the first certificate in a PEM text.
pub fn name(pem: &str) -> Option<String> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    name_of(&X509Certificate::from_der(&der).ok()?.1)
}

/// The name of a bundle of roots: that of each root signed with RSA, joined.
pub fn bundle_name(pem: &str) -> Option<String> {
    let mut names = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let der = der.ok()?;
        let (_, root) = X509Certificate::from_der(&der).ok()?;
        if root.signature_algorithm.algorithm.to_id_string().starts_with(RSA) {
            names.push(name_of(&root)?);
        }
    }
    (!names.is_empty()).then(|| names.join("_"))
}

fn name_of(certificate: &X509Certificate<'_>) -> Option<String> {
    let issuer = written(certificate.issuer())?;
    Some(hex::encode(Md5::digest(format!(
        "{issuer}{}",
        certificate.serial
    ))))
}

/// A name with its most specific part first, as `CN=…,OU=…,O=…,C=CN`.
fn written(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for attribute in name.iter_attributes() {
        let id = attribute.attr_type().to_id_string();
        let (_, short) = PARTS.iter().find(|(known, _)| *known == id)?;
        parts.push(format!("{short}={}", attribute.as_str().ok()?));
    }
    parts.reverse();
    Some(parts.join(","))
}
