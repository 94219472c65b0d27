use std::time::Duration;

use opentelemetry::KeyValue;

use crate::telemetry::meters;
use crate::{Error, Platform};

const EVERY: Duration = Duration::from_secs(10);

/// Measures what waits: facts without a number, what is parked for a person.
pub(super) async fn run(platform: Platform) {
    loop {
        if let Err(error) = measure(&platform).await {
            tracing::debug!(
                error = crate::telemetry::chain(&error),
                "what waits could not be measured"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn measure(platform: &Platform) -> Result<(), Error> {
    let mut tx = platform.begin_system().await?;
    let row = sqlx::query!(
        r#"
        select (select count(*) from tasks where state = 'parked') as "tasks!",
               (select count(*) from parked_events) as "facts!",
               (select count(*) from cursors where state = 'diverged') as "diverged!",
               (select coalesce(extract(epoch from clock_timestamp() - min(o.recorded_at)) * 1000, 0)::bigint
                from outbox o
                where o.id > (select low_water from feed_head)
                  and not exists (select from feed f where f.outbox_id = o.id)) as "oldest_ms!"
        "#
    )
    .fetch_one(&mut *tx)
    .await?;
    let number = |n: i64| u64::try_from(n).unwrap_or_default();
    let kind = |kind: &'static str| [KeyValue::new("kind", kind)];
    meters().outbox_age_ms.record(number(row.oldest_ms), &[]);
    meters().parked.record(number(row.tasks), &kind("task"));
    meters().parked.record(number(row.facts), &kind("fact"));
    meters().parked.record(number(row.diverged), &kind("stream"));
    Ok(())
}
