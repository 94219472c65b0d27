//! When things were committed, as PostgreSQL itself kept it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use faults::house::{House, SERVICES};
use prost::Message as _;
use proto::studio::members::v1::MembersEvent;
use proto::studio::members::v1::members_event::Fact as Members;
use proto::studio::payments::v1::payments_event::Fact as Payments;
use proto::studio::payments::v1::{PaymentsEvent, Purpose};
use uuid::Uuid;

/// How long facts were on their way to one consumer.
pub struct Lag {
    pub consumer: &'static str,
    pub micros: Vec<i64>,
}

const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_mins(5);

type Time = DateTime<Utc>;

pub async fn now(house: &Arc<House>) -> Result<Time> {
    Ok(sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(house.pool("wallet")?)
        .await?)
}

fn micros(from: Time, to: Time) -> i64 {
    (to - from).num_microseconds().unwrap_or(i64::MAX)
}

/// From the commit of what a channel stated to the commit of the card, for
/// every order that was paid by QR.
pub async fn payments_to_cards(house: &Arc<House>) -> Result<Vec<i64>> {
    let mut paid: HashMap<String, Time> = HashMap::new();
    for (payload, at) in published(house, "payments").await? {
        if let Some(Payments::PaymentCaptured(fact)) = PaymentsEvent::decode(payload.as_slice())?.fact
            && fact.purpose() == Purpose::Order
        {
            paid.insert(fact.person_id, at);
        }
    }
    let mut opened: HashMap<String, Time> = HashMap::new();
    for (payload, at) in published(house, "members").await? {
        if let Some(Members::CardOpened(fact)) = MembersEvent::decode(payload.as_slice())?.fact {
            // The first card is the one that was paid by QR.
            let first = opened.entry(fact.person_id).or_insert(at);
            *first = at.min(*first);
        }
    }
    Ok(paid
        .into_iter()
        .filter_map(|(person, at)| Some(micros(at, *opened.get(&person)?)))
        .collect())
}

async fn published(house: &Arc<House>, service: &str) -> Result<Vec<(Vec<u8>, Time)>> {
    let facts = sqlx::query_as("select payload, pg_xact_commit_timestamp(xmin) from outbox order by id");
    Ok(facts.fetch_all(house.pool(service)?).await?)
}

/// Waits until everybody who follows `source` has applied all of it.
pub async fn caught_up(house: &Arc<House>, source: &str) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let head: i64 = sqlx::query_scalar("select count(*) from facts")
            .fetch_one(house.pool(source)?)
            .await?;
        let mut behind = 0;
        for consumer in SERVICES {
            behind +=
                sqlx::query_scalar::<_, i64>("select count(*) from cursors where source = $1 and seq < $2")
                    .bind(source)
                    .bind(head)
                    .fetch_one(house.pool(consumer)?)
                    .await?;
        }
        if behind == 0 {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("facts of {source} were not applied in {PATIENCE:?}")
}

/// From the commit of a fact of `source` to the commit of what each consumer
/// made of it, for the facts since `since`.
pub async fn lags(house: &Arc<House>, source: &str, since: Time) -> Result<Vec<Lag>> {
    let committed: Vec<(Uuid, Time)> = sqlx::query_as(
        "select event_id, pg_xact_commit_timestamp(written_by) from facts where recorded_at >= $1",
    )
    .bind(since)
    .fetch_all(house.pool(source)?)
    .await?;
    let committed: HashMap<Uuid, Time> = committed.into_iter().collect();
    let mut lags = Vec::new();
    for consumer in SERVICES {
        let applied: Vec<(Uuid, Time)> = sqlx::query_as(
            "select event_id, pg_xact_commit_timestamp(xmin) from inbox where source = $1 and applied_at >= $2",
        )
        .bind(source)
        .bind(since)
        .fetch_all(house.pool(consumer)?)
        .await?;
        let micros: Vec<i64> = applied
            .into_iter()
            .filter_map(|(event, at)| Some(micros(*committed.get(&event)?, at)))
            .collect();
        if !micros.is_empty() {
            lags.push(Lag { consumer, micros });
        }
    }
    Ok(lags)
}
