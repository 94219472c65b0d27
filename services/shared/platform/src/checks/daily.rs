//! Once a day one process of a service runs its checks and keeps what they
//! found; every process measures what is kept.

use std::time::Duration;

use futures::future::BoxFuture;
use kernel::Clock;
use opentelemetry::KeyValue;
use uuid::Uuid;

use super::{Check, Found, Invariant, all, code};
use crate::tasks::{NewTask, Settled, Task};
use crate::telemetry::meters;
use crate::{Error, Platform, Service};

pub(crate) const KIND: &str = "run_checks";
const DAY: Duration = Duration::from_hours(24);

impl Platform {
    /// Leaves the task that runs the checks, unless it was ever left: it puts
    /// itself off by a day each time.
    pub async fn schedule_checks(&self) -> Result<(), Error> {
        self.let_stand(&[KIND]).await
    }

    /// Leaves a task of each kind, unless one was ever left.
    pub async fn let_stand(&self, kinds: &[&'static str]) -> Result<(), Error> {
        let mut tx = self.begin_system().await?;
        for kind in kinds {
            tx.task(NewTask::now(kind, Uuid::nil(), &()).lane(*kind).once(*kind))
                .await?;
        }
        tx.commit().await
    }
}

/// Runs every check. What it finds is for people to judge, so nothing that
/// stands still for less than a day counts as stuck.
pub(crate) fn run<'a, S: Service>(app: &'a S, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let checks = all::<S>();
        for check in &checks {
            task.hold(app).await?;
            let found = app.run_check(check, DAY).await?;
            if found.violations > 0 {
                tracing::error!(
                    invariant = code(check.invariant),
                    check = check.name,
                    violations = found.violations,
                    "an invariant is broken"
                );
            }
            keep(app, check, &found).await?;
        }
        forget_others(app, &checks).await?;
        task.begin(app).await?.again(task, DAY).await
    })
}

async fn keep(platform: &Platform, check: &Check, found: &Found) -> Result<(), Error> {
    let mut tx = platform.begin_system().await?;
    sqlx::query!(
        r#"
        insert into check_results (invariant, name, violations, off_minor, checked_at) values ($1, $2, $3, $4, $5)
        on conflict (invariant, name) do update
        set violations = excluded.violations, off_minor = excluded.off_minor, checked_at = excluded.checked_at
        "#,
        code(check.invariant),
        check.name,
        found.violations,
        found.off_minor,
        Clock::real(),
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// A check that is no more must not alarm for ever.
async fn forget_others(platform: &Platform, checks: &[Check]) -> Result<(), Error> {
    let names: Vec<String> = checks.iter().map(|check| check.name.to_owned()).collect();
    let mut tx = platform.begin_system().await?;
    sqlx::query!("delete from check_results where name <> all($1)", &names)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Measures what the last run found, and how long ago it was.
pub(crate) async fn measure(platform: &Platform) -> Result<(), Error> {
    let mut tx = platform.begin_system().await?;
    let rows = sqlx::query!(
        r#"
        select invariant, name, violations, off_minor,
               extract(epoch from clock_timestamp() - checked_at)::bigint as "age_s!"
        from check_results
        "#
    )
    .fetch_all(&mut *tx)
    .await?;
    let number = |n: i64| u64::try_from(n).unwrap_or_default();
    let books = code(Invariant::BooksBalance);
    let imbalance: i64 = rows
        .iter()
        .filter(|row| row.invariant == books)
        .map(|row| row.off_minor)
        .sum();
    if rows.iter().any(|row| row.invariant == books) {
        meters().imbalance.record(number(imbalance), &[]);
    }
    if let Some(oldest) = rows.iter().map(|row| row.age_s).max() {
        meters().checked_age_s.record(number(oldest), &[]);
    }
    for row in rows {
        let labels = [
            KeyValue::new("invariant", row.invariant),
            KeyValue::new("check", row.name),
        ];
        meters().violations.record(number(row.violations), &labels);
    }
    Ok(())
}
