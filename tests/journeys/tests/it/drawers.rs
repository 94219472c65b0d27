//! A drawer at a studio that was worked and counted.

use kernel::StudioId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::drawer_service_client::DrawerServiceClient;
use testkit::Identity;

use crate::people::id;
use crate::world::World;
use journeys::steps::yuan;

pub async fn works_a_drawer(world: &World, studio: StudioId) {
    let desk = Identity::staff(Role::FrontDesk, studio);
    let mut drawers = DrawerServiceClient::new(world.at_payments(&desk));
    let opening = pb::OpenDrawerRequest {
        request_id: id(),
        studio_id: studio.to_string(),
        opening: Some(yuan(100)),
    };
    let opened = drawers.open_drawer(opening).await.unwrap().into_inner();
    let drawer_id = opened.drawer.unwrap().drawer_id;
    let change = pb::MoveCashRequest {
        request_id: id(),
        drawer_id: drawer_id.clone(),
        direction: pb::CashDirection::In.into(),
        amount: Some(yuan(20)),
        reason: "零钱".to_owned(),
    };
    drawers.move_cash(change).await.unwrap();
    let counting = pb::CountDrawerRequest {
        request_id: id(),
        drawer_id,
        pieces: vec![pb::Pieces {
            denomination_minor: 2_000,
            pieces: 6,
        }],
        reason: String::new(),
    };
    drawers.count_drawer(counting).await.unwrap();
}
