use proto::studio::access::v1::Role;
use proto::studio::feed::v1::PullEventsRequest;
use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::operations::v1::GetClockRequest;
use proto::studio::operations::v1::operations_service_client::OperationsServiceClient;
use testkit::tls::Authority;
use testkit::{At, Identity, Running};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::toy::Toy;

async fn pull(channel: Channel, service: &str) -> Result<(), Status> {
    let door = InterceptedService::new(channel, Identity::service(service));
    FeedServiceClient::new(door)
        .pull_events(PullEventsRequest::default())
        .await
        .map(drop)
}

#[tokio::test]
async fn a_service_calls_with_its_own_certificate_and_not_with_anothers() {
    let authority = Authority::new();
    let it = Running::<Toy>::start_with(&authority.settings("orders")).await;
    let (address, wallet) = (it.address(), Some("wallet"));
    pull(authority.channel(&address, wallet), "wallet").await.unwrap();
    let refused = pull(authority.channel(&address, wallet), "refunds")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn nobody_comes_in_without_a_certificate_of_the_house() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let it = Running::<Toy>::start_with(&authority.settings("orders")).await;
    assert!(
        pull(authority.channel(&it.address(), None), "wallet")
            .await
            .is_err()
    );
    let foreign = stranger.channel_believing(&authority, &it.address(), Some("wallet"));
    assert!(pull(foreign, "wallet").await.is_err());
}

#[tokio::test]
async fn a_person_calls_over_any_certificate_of_the_house() {
    let authority = Authority::new();
    let it = Running::<Toy>::start_with(&authority.settings("orders")).await;
    let channel = authority.channel(&it.address(), Some("gateway"));
    let door = InterceptedService::new(channel, Identity::staff(Role::Operations, At::Everywhere));
    OperationsServiceClient::new(door)
        .get_clock(GetClockRequest {})
        .await
        .unwrap();
}
