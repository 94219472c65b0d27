//! Services that show each other certificates.

use bytes::Bytes;
use proto::studio::orders::v1::OrderState;
use testkit::tls::Authority;
use testkit::{Identity, raw};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::purchase::is_complete;
use crate::world::World;

const PULL: &str = "/studio.feed.v1.FeedService/PullEvents";

#[tokio::test]
async fn a_whole_purchase_goes_over_mutual_tls() {
    let authority = Authority::new();
    let world = World::secured(&authority).await;
    let (year, _) = world.sells().await;
    let member = world.registers(5).await;
    let order = world.confirmed_order(&member, &year).await;
    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    is_complete(&world, &member, &order.order_id).await;
}

/// Asks for facts as the service whose token it shows.
async fn pull(channel: Channel, service: &str) -> Result<(), Status> {
    let door = InterceptedService::new(channel, Identity::service(service));
    raw::call(&door, PULL, Bytes::new()).await.map(drop)
}

#[tokio::test]
async fn every_service_turns_away_who_shows_no_certificate_or_anothers() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let world = World::secured(&authority).await;
    for (name, address) in world.addresses() {
        let own = authority.channel(&address, Some("refunds"));
        pull(own, "refunds")
            .await
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let anothers = authority.channel(&address, Some("notifications"));
        let refused = pull(anothers, "refunds").await.unwrap_err();
        assert_eq!(
            refused.code(),
            Code::Unauthenticated,
            "{name}: another's certificate"
        );
        let none = authority.channel(&address, None);
        assert!(pull(none, "refunds").await.is_err(), "{name}: no certificate");
        let foreign = stranger.channel_believing(&authority, &address, Some("refunds"));
        assert!(
            pull(foreign, "refunds").await.is_err(),
            "{name}: a stranger's authority"
        );
    }
}
