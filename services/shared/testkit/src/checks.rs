//! Whether the invariants hold of a service under test, and ways to break them.

use std::time::Duration;

use platform::{Service, checks};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::Running;

/// What stands still for longer is stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// Gives each number of the feed a row of its own in `feed_runs`, for tests that
/// take single ones away.
pub const ONE_BY_ONE: &str = "create temp table one_by_one as table feed; delete from feed_runs;
    insert into feed_runs select seq, outbox_id, 1 from one_by_one; drop table one_by_one;";

impl<S: Service> Running<S> {
    /// What breaks the service's own checks, each as `I1 balances <key>: what`.
    ///
    /// # Panics
    /// When a check cannot be run.
    pub async fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        for check in checks::all::<S>() {
            let broken = self.app().run_check(&check, PATIENCE).await;
            let broken =
                broken.unwrap_or_else(|e| panic!("{}: {}", check.name, platform::telemetry::chain(&e)));
            let code = checks::code(check.invariant);
            let named = broken.named.into_iter();
            found.extend(named.map(|(key, what)| format!("{code} {} {key}: {what}", check.name)));
        }
        found
    }

    /// Changes rows as the superuser with triggers and foreign keys off, as no
    /// code of the house could.
    ///
    /// # Panics
    /// When the SQL is wrong.
    pub async fn plant(&self, sql: &str) {
        let script =
            format!("set session_replication_role = replica; {sql}; set session_replication_role = default");
        let planted = self.pool().execute(sqlx::raw_sql(AssertSqlSafe(script))).await;
        planted.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}
