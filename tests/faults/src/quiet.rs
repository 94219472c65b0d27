//! When nothing is left to do: every fact is numbered and applied by all who
//! follow it, and no task is due.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

use crate::house::{House, SERVICES};
use crate::streams::streams;

impl House {
    /// Waits until all is quiet, and says how long that took.
    pub async fn quiet(&self, patience: Duration) -> Result<Duration> {
        let began = Instant::now();
        let mut calm = 0;
        let mut left = String::new();
        while began.elapsed() < patience {
            left = self.left().await.unwrap_or_else(|error| format!("{error:#}"));
            calm = if left.is_empty() { calm + 1 } else { 0 };
            if calm == 3 {
                println!("quiet after {:.1} s", began.elapsed().as_secs_f64());
                return Ok(began.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("not quiet within {patience:?}: {left}")
    }

    /// What is left to do; empty when all is quiet.
    async fn left(&self) -> Result<String> {
        let mut left = Vec::new();
        for service in SERVICES {
            let due: Vec<(String, i64, String)> = sqlx::query_as(
                "select kind, count(*), max(last_error) from tasks
                 where state = 'waiting' and due_at <= clock_timestamp() + coalesce(
                     (select (value #>> '{}')::bigint from settings where key = 'clock_offset_ms'), 0
                 ) * interval '1 millisecond'
                 group by kind",
            )
            .fetch_all(self.pool(service)?)
            .await?;
            left.extend(
                due.iter()
                    .map(|(kind, count, error)| format!("{service}: {count} {kind} ({error})")),
            );
            let unnumbered: i64 = sqlx::query_scalar(
                "select count(*) from facts where not exists (select from feed where outbox_id = facts.id)",
            )
            .fetch_one(self.pool(service)?)
            .await?;
            if unnumbered > 0 {
                left.push(format!("{service}: {unnumbered} facts without a number"));
            }
        }
        for (service, sources) in streams() {
            for source in sources {
                let behind = self.head(source).await? - self.cursor(service, source).await?;
                if behind != 0 {
                    left.push(format!("{service} is {behind} facts behind {source}"));
                }
            }
        }
        Ok(left.join("; "))
    }

    async fn head(&self, source: &str) -> Result<i64> {
        let head = sqlx::query_scalar("select coalesce(max(seq), 0) from feed");
        Ok(head.fetch_one(self.pool(source)?).await?)
    }

    async fn cursor(&self, service: &str, source: &str) -> Result<i64> {
        let cursor = sqlx::query_scalar("select coalesce(max(seq), 0) from cursors where source = $1");
        Ok(cursor.bind(source).fetch_one(self.pool(service)?).await?)
    }
}
