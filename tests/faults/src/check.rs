//! What must hold once all is quiet, whatever broke before. Returns every
//! violation that it finds: the nine invariants by `checker`, which asks the
//! services as an operator would, and what only the databases tell.

use std::time::Duration;

use anyhow::Result;
use checker::{ChannelTruth, Terms, Violation};
use proto::studio::access::v1::Role;
use sqlx::PgPool;
use testkit::{At, Identity};
use uuid::Uuid;

use crate::history::History;
use crate::house::{House, SERVICES};
use crate::streams::streams;

/// How often is looked whether a fact that came late is taken, and the pause between.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// Everything, read from the services, the databases, the channel and the history.
pub async fn check(house: &House, history: &History) -> Result<Vec<String>> {
    let found = verdict(house, &history.calls()).await?;
    let mut wrong: Vec<String> = found.iter().map(ToString::to_string).collect();
    for service in SERVICES {
        wrong.extend(nothing_waits_for_a_person(service, house.pool(service)?).await?);
    }
    for (service, sources) in streams() {
        for source in sources {
            wrong.extend(applied_once(house, service, source).await?);
        }
    }
    Ok(wrong)
}

/// What breaks the nine invariants, with what callers saw and with what the
/// channel knows.
pub async fn verdict(house: &House, calls: &checker::History) -> Result<Vec<Violation>> {
    let operations = Identity::staff(Role::Operations, At::Everywhere);
    let mut asked = checker::House::new();
    for service in SERVICES {
        asked = asked.with(service, house.door(service, &operations)?);
    }
    let truth = ChannelTruth::of_simulator(&house.channel.orders(), &house.channel.refunds())?;
    let terms = Terms {
        history: Some(calls),
        channel: Some(&truth),
        ..Terms::default()
    };
    Ok(checker::check(&asked, &terms).await?)
}

async fn nothing_waits_for_a_person(service: &str, pool: &PgPool) -> Result<Vec<String>> {
    let parked: Vec<(String, String)> = sqlx::query_as(
        "select 'the task ' || kind, last_error from tasks where state = 'parked'
         union all select 'the fact ' || type || ' of ' || source, error from parked_events
         union all select 'the stream of ' || source, why from cursors where state <> 'running'",
    )
    .fetch_all(pool)
    .await?;
    let told = |(what, why): (String, String)| format!("{service}: {what} waits for a person: {why}");
    Ok(parked.into_iter().map(told).collect())
}

/// I5, read without the services: what is in the feed of the one is in the
/// inbox of the other, once.
async fn applied_once(house: &House, service: &str, source: &str) -> Result<Vec<String>> {
    let published: Vec<(i64, Uuid)> = sqlx::query_as(
        "select f.seq, o.event_id from feed f join facts o on o.id = f.outbox_id order by f.seq",
    )
    .fetch_all(house.pool(source)?)
    .await?;
    let head = published.last().map_or(0, |(seq, _)| *seq);
    let mut applied: Vec<(i64, Uuid)> = Vec::new();
    // Signed heads are published every minute, quiet or not.
    for _ in 0..LOOKS {
        applied =
            sqlx::query_as("select seq, event_id from inbox where source = $1 and seq <= $2 order by seq")
                .bind(source)
                .bind(head)
                .fetch_all(house.pool(service)?)
                .await?;
        if published == applied {
            return Ok(Vec::new());
        }
        tokio::time::sleep(PAUSE).await;
    }
    let (came, went) = (applied.len(), published.len());
    let text = format!("{service} applied {came} facts of {source}, which published {went}");
    Ok(vec![text])
}
