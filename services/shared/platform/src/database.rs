//! Pools that give no connection back with a transaction still open in it.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor as _, PgPool};

use crate::config::{ConfigError, Database};

/// A pool of at most `connections` connections of the runtime role.
///
/// A call that is cancelled during BEGIN leaves a transaction open of which
/// the driver knows nothing; the next user's writes would join it, be
/// acknowledged and never be committed. So every release rolls back, and says
/// nothing when there was nothing to roll back.
pub fn pool(settings: &Database, connections: u32) -> Result<PgPool, ConfigError> {
    Ok(pool_with(settings.runtime()?, settings, connections))
}

fn pool_with(options: PgConnectOptions, settings: &Database, connections: u32) -> PgPool {
    let options = options.options([
        ("statement_timeout", settings.statement_timeout_ms.to_string()),
        (
            "idle_in_transaction_session_timeout",
            settings.idle_in_transaction_timeout_ms.to_string(),
        ),
        ("client_min_messages", "error".to_owned()),
    ]);
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.execute("rollback").await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}
