use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Measure;
use crate::config::SecretUrl;
use crate::telemetry::{chain, meters};

/// How often Redis is asked whether it is there.
const AGAIN: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(1);

/// One call taken, by the clock of Redis, so that processes need not agree on
/// theirs. Answers how many microseconds the caller must wait, or 0. A value
/// that is none counts as nothing.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local next = math.max(paid, now) + every
local wait = next - now - burst
if wait > 0 then
    return wait
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return 0
";

/// The measures of callers in Redis, for all processes of a service together.
/// Nobody waits for Redis longer than a moment, and nobody at all while it is
/// known to be away.
pub(super) struct Shared {
    prefix: String,
    patience: Duration,
    script: redis::Script,
    connection: RwLock<Option<MultiplexedConnection>>,
    broken: Notify,
}

impl Shared {
    pub(super) fn new(service: &str, patience: Duration) -> Self {
        Self {
            prefix: format!("studio:{service}:rate:"),
            patience,
            script: redis::Script::new(TAKE),
            connection: RwLock::default(),
            broken: Notify::new(),
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.connection().is_some()
    }

    /// Takes one call of `caller`, or says how long they must wait. None when
    /// Redis does not say so in time.
    pub(super) async fn take(&self, caller: &str, measure: Measure) -> Option<Result<(), Duration>> {
        let mut connection = self.connection()?;
        let mut call = self.script.key(format!("{}{caller}", self.prefix));
        call.arg(measure.every).arg(measure.burst);
        match timeout(self.patience, call.invoke_async::<u64>(&mut connection)).await {
            Ok(Ok(0)) => Some(Ok(())),
            Ok(Ok(wait)) => Some(Err(Duration::from_micros(wait))),
            Ok(Err(error)) => {
                tracing::debug!(error = chain(&error), "Redis does not count");
                self.lose();
                None
            }
            Err(_) => {
                self.lose();
                None
            }
        }
    }

    /// Keeps a connection for as long as the process runs.
    pub(super) async fn follow(self: Arc<Self>, redis: SecretUrl) {
        if redis.is_empty() {
            return; // that it is missing is said where hints are
        }
        let mut told = false;
        loop {
            match self.connect(&redis).await {
                Ok(connection) => {
                    *self.slot() = Some(connection);
                    meters().redis_away.record(0, &[]);
                    if told {
                        tracing::info!("Redis is back: callers are measured over all processes");
                    }
                    told = false;
                    self.broken.notified().await;
                }
                Err(error) => {
                    meters().redis_away.record(1, &[]);
                    if !told {
                        tracing::warn!(
                            error = chain(&error),
                            "Redis is away: callers are measured more strictly, process by process"
                        );
                    }
                    told = true;
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// A connection over which Redis answers in time.
    async fn connect(&self, redis: &SecretUrl) -> redis::RedisResult<MultiplexedConnection> {
        let client = redis::Client::open(redis.expose())?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(CONNECT));
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let slow = || redis::RedisError::from((redis::ErrorKind::Io, "it answers too slowly"));
        timeout(
            self.patience,
            redis::cmd("PING").query_async::<()>(&mut connection),
        )
        .await
        .unwrap_or_else(|_| Err(slow()))?;
        Ok(connection)
    }

    fn lose(&self) {
        *self.slot() = None;
        self.broken.notify_one();
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        self.connection
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn slot(&self) -> std::sync::RwLockWriteGuard<'_, Option<MultiplexedConnection>> {
        self.connection.write().unwrap_or_else(PoisonError::into_inner)
    }
}
