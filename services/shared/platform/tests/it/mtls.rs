use std::fs;
use std::path::{Path, PathBuf};

use proto::studio::access::v1::Role;
use proto::studio::feed::v1::PullEventsRequest;
use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::operations::v1::GetClockRequest;
use proto::studio::operations::v1::operations_service_client::OperationsServiceClient;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use testkit::{At, Identity, Running};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as Shown};
use tonic::{Code, Status};

use crate::toy::Toy;

/// An authority and where its certificates lie.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let folder = std::env::temp_dir().join(format!("studio-mtls-{}", kernel::fresh_uuid()));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("ca.pem"), issuer.pem()).unwrap();
    Authority { issuer, folder }
}

impl Authority {
    /// The certificate of a service and its key, in PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (
            params.signed_by(&key, &self.issuer).unwrap().pem(),
            key.serialize_pem(),
        )
    }

    fn settings(&self) -> String {
        let (cert, key) = self.issue("orders");
        let put = |name: &str, text: &str| {
            let path: PathBuf = self.folder.join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (cert, key) = (put("cert.pem", &cert), put("key.pem", &key));
        let ca = self.folder.join("ca.pem").display().to_string();
        format!("mtls.enabled = true\nmtls.cert = '{cert}'\nmtls.key = '{key}'\nmtls.ca = '{ca}'")
    }

    /// A channel to `address` on which the bearer of `name`'s certificate calls.
    fn channel(&self, address: &str, name: Option<&str>) -> Channel {
        let mut tls = ClientTlsConfig::new()
            .domain_name("orders")
            .ca_certificate(Certificate::from_pem(
                fs::read(self.folder.join("ca.pem")).unwrap(),
            ));
        if let Some(name) = name {
            let (cert, key) = self.issue(name);
            tls = tls.identity(Shown::from_pem(cert, key));
        }
        Endpoint::from_shared(format!("https://{address}"))
            .unwrap()
            .tls_config(tls)
            .unwrap()
            .connect_lazy()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let folder: &Path = &self.folder;
        fs::remove_dir_all(folder).unwrap_or_default();
    }
}

async fn pull(channel: Channel, service: &str) -> Result<(), Status> {
    let door = InterceptedService::new(channel, Identity::service(service));
    FeedServiceClient::new(door)
        .pull_events(PullEventsRequest::default())
        .await
        .map(drop)
}

#[tokio::test]
async fn a_service_calls_with_its_own_certificate_and_not_with_anothers() {
    let authority = authority();
    let it = Running::<Toy>::start_with(&authority.settings()).await;
    let (address, wallet) = (it.address(), Some("wallet"));
    pull(authority.channel(&address, wallet), "wallet").await.unwrap();
    let refused = pull(authority.channel(&address, wallet), "refunds")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn nobody_comes_in_without_a_certificate_of_the_house() {
    let (authority, stranger) = (authority(), authority());
    let it = Running::<Toy>::start_with(&authority.settings()).await;
    assert!(
        pull(authority.channel(&it.address(), None), "wallet")
            .await
            .is_err()
    );
    fs::copy(authority.folder.join("ca.pem"), stranger.folder.join("ca.pem")).unwrap();
    assert!(
        pull(stranger.channel(&it.address(), Some("wallet")), "wallet")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_person_calls_over_any_certificate_of_the_house() {
    let authority = authority();
    let it = Running::<Toy>::start_with(&authority.settings()).await;
    let channel = authority.channel(&it.address(), Some("gateway"));
    let door = InterceptedService::new(channel, Identity::staff(Role::Operations, At::Everywhere));
    OperationsServiceClient::new(door)
        .get_clock(GetClockRequest {})
        .await
        .unwrap();
}
