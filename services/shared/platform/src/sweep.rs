//! What has done its time goes, a batch at a time, so that no table of
//! platform grows for ever and no delete holds anybody up.

use std::time::Duration;

use kernel::Clock;

use crate::{Error, Platform, telemetry};

/// Longer than the longest retry of any channel or client.
const CLAIMS_KEPT: chrono::Duration = chrono::Duration::days(400);
/// Done tasks are only looked at by operators.
const TASKS_KEPT: chrono::Duration = chrono::Duration::days(35);
const BATCH: i64 = 5_000;
const PAUSE: Duration = Duration::from_hours(1);

impl Platform {
    /// Deletes one batch of old claims, of old done tasks and of facts that have
    /// travelled. Returns how many rows went.
    pub async fn sweep_once(&self) -> Result<u64, Error> {
        let mut tx = self.begin_system().await?;
        let claims = sqlx::query!(
            r#"
            delete from claims
            where (caller, request_id) in (
                select caller, request_id from claims where created_at < $1
                order by created_at limit $2 for update skip locked
            )
            "#,
            Clock::real() - CLAIMS_KEPT,
            BATCH,
        )
        .execute(&mut *tx)
        .await?;
        let tasks = sqlx::query!(
            r#"
            delete from tasks
            where task_id in (
                select task_id from tasks where state = 'done' and done_at < $1 and once is null
                order by done_at limit $2 for update skip locked
            )
            "#,
            Clock::real() - TASKS_KEPT,
            BATCH,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(claims.rows_affected() + tasks.rows_affected() + self.sweep_facts().await?)
    }

    async fn sweep_facts(&self) -> Result<u64, Error> {
        let own = self.prune_feed(BATCH).await?;
        Ok(own + self.prune_inbox(BATCH).await? + self.prune_divergences().await?)
    }

    pub(crate) async fn run_sweeper(self) {
        loop {
            match self.sweep_once().await {
                Ok(0) => tokio::time::sleep(PAUSE).await,
                Ok(gone) => tracing::info!(rows = gone, "swept what has done its time"),
                Err(error) => {
                    tracing::warn!(error = telemetry::chain(&error), "sweeping failed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
