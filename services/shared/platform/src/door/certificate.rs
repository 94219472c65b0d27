use http::Extensions;
use rustls_pki_types::ServerName;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use webpki::EndEntityCert;

use crate::Error;

/// Refuses a service whose certificate is another's: with mTLS on, a token
/// that was carried off is worth nothing without the key of its service.
pub(super) fn require(extensions: &Extensions, service: &str) -> Result<(), Error> {
    if names(extensions, service) {
        Ok(())
    } else {
        Err(Error::unauthenticated(
            "the certificate is not the calling service's",
        ))
    }
}

fn names(extensions: &Extensions, service: &str) -> bool {
    let certificates = extensions
        .get::<TlsConnectInfo<TcpConnectInfo>>()
        .and_then(TlsConnectInfo::peer_certs);
    let Some(certificates) = certificates else {
        return false;
    };
    let Some(Ok(certificate)) = certificates.first().map(EndEntityCert::try_from) else {
        return false;
    };
    ServerName::try_from(service)
        .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
}
