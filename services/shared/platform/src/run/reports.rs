use std::time::Duration;

use opentelemetry::KeyValue;
use sqlx::PgConnection;

use crate::telemetry::meters;
use crate::{Error, Platform, checks};

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

/// Sees to it that the daily checks run, and whatever else always stands.
pub(super) async fn schedule_standing(platform: Platform, kinds: Vec<&'static str>) {
    while let Err(error) = schedule(&platform, &kinds).await {
        tracing::warn!(
            error = crate::telemetry::chain(&error),
            "the tasks that always stand could not be left"
        );
        tokio::time::sleep(EVERY).await;
    }
}

async fn schedule(platform: &Platform, kinds: &[&'static str]) -> Result<(), Error> {
    platform.schedule_checks().await?;
    platform.let_stand(kinds).await
}

async fn measure(platform: &Platform) -> Result<(), Error> {
    let mut tx = platform.begin_system().await?;
    let row = sqlx::query!(
        r#"
        select (select count(*) from tasks where state = 'parked') as "tasks!",
               (select coalesce(extract(epoch from clock_timestamp() - min(o.recorded_at)) * 1000, 0)::bigint
                from facts o left join lateral feed_place(o.id) p on true
                where o.id > (select low_water from feed_head)
                  and p.seq is null) as "oldest_ms!",
               (select coalesce(max(extract(epoch from clock_timestamp() - o.recorded_at)) / 86400, 0)::bigint
                from feed_retention r
                cross join lateral feed_between(r.pruned_seq + 1, r.pruned_seq + 1) f
                cross join lateral fact(f.outbox_id) o) as "kept_days!"
        "#
    )
    .fetch_one(&mut *tx)
    .await?;
    meters().outbox_age_ms.record(number(row.oldest_ms), &[]);
    meters().feed_kept_days.record(number(row.kept_days), &[]);
    meters()
        .parked
        .record(number(row.tasks), &[KeyValue::new("kind", "task")]);
    sources(platform, &mut tx).await?;
    drop(tx);
    checks::measure(platform).await
}

/// How it stands with each source that is followed.
async fn sources(platform: &Platform, tx: &mut PgConnection) -> Result<(), Error> {
    let rows = sqlx::query!(
        r#"
        select c.source, c.state = 'diverged' as "diverged!",
               (select count(*) from parked_events p where p.source = c.source) as "parked!"
        from cursors c
        "#
    );
    for row in rows.fetch_all(tx).await? {
        let source = [KeyValue::new("source", row.source)];
        meters().feed_diverged.record(u64::from(row.diverged), &source);
        meters().inbox_parked.record(number(row.parked), &source);
    }
    for (source, facts, age_ms) in platform.inner.lags.all() {
        let source = [KeyValue::new("source", source)];
        meters().inbox_lag.record(facts, &source);
        meters().feed_lag_ms.record(age_ms, &source);
    }
    Ok(())
}

fn number(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}
