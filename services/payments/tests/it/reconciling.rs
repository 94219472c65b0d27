pub mod banks;
mod closing;
pub mod fetching;
mod matching;
mod planting;

use std::collections::BTreeMap;

use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::reconciliation_service_client::ReconciliationServiceClient;
use testkit::Door;

use crate::books::book;
use crate::world::World;

type Client = ReconciliationServiceClient<Door>;

fn finance(world: &World, role: Role) -> Client {
    ReconciliationServiceClient::new(world.it.as_staff(role, world.chain.operator))
}

fn account() -> pb::Account {
    pb::Account {
        party: pb::Party::Wechat.into(),
        name: "house".to_owned(),
    }
}

/// What was found, by type and number.
async fn found(world: &World) -> BTreeMap<(String, String), String> {
    let rows: Vec<(String, String, String)> = sqlx::query_as("select type, key, state from differences")
        .fetch_all(world.it.pool())
        .await
        .unwrap();
    rows.into_iter()
        .map(|(kind, key, state)| ((kind, key), state))
        .collect()
}

/// The number with which a key begins.
fn short(found: &BTreeMap<(String, String), String>) -> Vec<(String, String)> {
    let first = |key: &str| key.split(' ').next().unwrap_or_default().to_owned();
    let mut short: Vec<_> = found
        .keys()
        .map(|(kind, key)| (kind.clone(), first(key)))
        .collect();
    short.sort();
    short
}

async fn day_state(world: &World, day: chrono::NaiveDate) -> String {
    sqlx::query_scalar("select state from reconciliation_days where book_id = $1 and day = $2")
        .bind(book().id)
        .bind(day)
        .fetch_one(world.it.pool())
        .await
        .unwrap()
}
