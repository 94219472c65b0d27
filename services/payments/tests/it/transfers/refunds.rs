use std::time::Duration;

use kernel::RefundLegId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::transfer_service_client::TransferServiceClient;
use tonic::Status;

use super::paid;
use crate::world::{World, reason, request_id};

async fn refunded(world: &World, leg: RefundLegId) -> Result<pb::Refund, Status> {
    let request = pb::RecordTransferRefundRequest {
        request_id: request_id(),
        leg_id: leg.to_string(),
        transaction: "HK20261121001".to_owned(),
    };
    let door = world.it.as_staff(Role::FinanceStaff, world.chain.operator);
    let reply = TransferServiceClient::new(door)
        .record_transfer_refund(request)
        .await?;
    Ok(reply.into_inner().refund.unwrap())
}

#[tokio::test]
async fn a_refund_of_a_transfer_waits_for_the_bank_and_is_recorded_once() {
    let world = World::open().await;
    let payment = paid(&world, "S1").await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 1_200).await.unwrap();
    world.later(Duration::from_hours(24 * 31)).await;
    assert_eq!(
        world.refund_now(leg).await.state(),
        pb::RefundState::Reserved,
        "it never bounces"
    );
    let sent = refunded(&world, leg).await.unwrap();
    assert_eq!(sent.state(), pb::RefundState::Succeeded);
    let again = refunded(&world, leg).await.unwrap_err();
    assert_eq!(reason(&again), "REFUND_NOT_BY_TRANSFER");
    assert_eq!(world.facts("refund_succeeded").await, 1);
    world.it.settle().await;
    world.books_balance().await;
}

#[tokio::test]
async fn a_refund_through_a_channel_is_not_recorded_as_a_transfer() {
    let world = World::open().await;
    let payment = world.payment().await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 1_200).await.unwrap();
    let refused = refunded(&world, leg).await.unwrap_err();
    assert_eq!(reason(&refused), "REFUND_NOT_BY_TRANSFER");
}
