//! Value that is reserved, for tests that need some.

use chrono::TimeDelta;
use kernel::to_proto_time;
use proto::studio::wallet::v1::PlaceHoldRequest;
use proto::studio::wallet::v1::hold_service_client::HoldServiceClient;
use uuid::Uuid;

use crate::people::{Member, id};
use crate::world::World;
use journeys::steps::yuan;

/// A reservation of value, under the number of the member's reserved place: both
/// are a `hold_id`.
pub async fn holds_value(world: &World, member: &Member) {
    let mut holds = HoldServiceClient::new(world.wallet.as_service("orders"));
    let request = PlaceHoldRequest {
        request_id: id(),
        person_id: member.id.to_string(),
        due_id: id(),
        amount: Some(yuan(1)),
        studio_id: member.studio.to_string(),
        expire_at: Some(to_proto_time(world.wallet.clock().now() + TimeDelta::hours(12))),
        ..PlaceHoldRequest::default()
    };
    holds.place_hold(request).await.unwrap();
    let place: Uuid =
        sqlx::query_scalar("select hold_id from holds where studio_id = $1 and state = 'held' limit 1")
            .bind(member.studio.0)
            .fetch_one(world.members.pool())
            .await
            .unwrap();
    sqlx::query("update holds set hold_id = $1, version = version + 1 where person_id = $2")
        .bind(place)
        .bind(member.id.0)
        .execute(world.wallet.pool())
        .await
        .unwrap();
}
