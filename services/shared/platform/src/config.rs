//! What a process is told at its start: platform's defaults, the service's
//! own, a mounted file and the environment, later ones winning. Nothing else
//! in the house reads the environment.

mod load;
mod secret;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub use load::{ConfigError, Settings};
pub use secret::{Maybe, SecretFile, SecretUrl};

/// Every setting that platform itself understands; `platform.toml` says what
/// each means and what it is by default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformConfig {
    pub grpc: Grpc,
    pub metrics: Metrics,
    pub database: Database,
    pub redis: Redis,
    pub telemetry: Telemetry,
    pub tokens: Tokens,
    pub mtls: Mtls,
    pub deadlines: Deadlines,
    pub limits: Limits,
    pub feed: Feed,
    pub audit: Audit,
    pub tasks: Tasks,
    pub retry: Retry,
    pub clock: ClockConfig,
    pub fingerprint: Fingerprint,
    pub vault: VaultConfig,
    pub drain: Drain,
    pub peers: BTreeMap<String, String>,
    /// The service's own table, which the service reads itself.
    #[serde(default, rename = "service")]
    pub(crate) _service: IgnoredAny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grpc {
    pub listen: SocketAddr,
    pub max_connection_age_s: u64,
    pub max_connections: usize,
    pub max_streams: u32,
    pub max_resets: usize,
    pub max_header_bytes: u32,
    pub allow_origins: Vec<String>,
    pub reflection: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub listen: SocketAddr,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: SecretUrl,
    pub password_file: Maybe<SecretFile>,
    pub owner_url: SecretUrl,
    pub owner_password_file: Maybe<SecretFile>,
    pub max_connections: u32,
    pub background_connections: u32,
    pub acquire_timeout_ms: u64,
    pub statement_timeout_ms: u64,
    pub idle_in_transaction_timeout_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub url: SecretUrl,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    pub otlp: String,
    pub log: String,
    pub format: LogFormat,
    pub metric_interval_s: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    pub issuer: String,
    pub verify_keys: PathBuf,
    pub service_key: Maybe<SecretFile>,
    pub person_key: Maybe<SecretFile>,
    pub person_key_name: String,
    pub service_token_life_s: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mtls {
    pub enabled: bool,
    pub cert: Maybe<SecretFile>,
    pub key: Maybe<SecretFile>,
    pub ca: Maybe<SecretFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    pub default_ms: u64,
    pub least_ms: u64,
    pub most_ms: u64,
    pub stream_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub message_bytes: usize,
    pub concurrency: usize,
    pub reads_percent: usize,
    pub reports_percent: usize,
    pub house: usize,
    pub streams: usize,
    pub queue: usize,
    pub connection_queue: usize,
    pub queue_ms: u64,
    pub retry_after_ms: u64,
    pub redis_wait_ms: u64,
    pub without_redis_percent: u64,
    pub forwarded_header: String,
    pub message_bytes_of: BTreeMap<String, usize>,
    pub rates: Rates,
}

/// What one caller may ask, by kind of caller.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    pub stranger: RatesOf,
    pub member: RatesOf,
    pub staff: RatesOf,
    pub service: RatesOf,
}

/// What one caller may ask, by class of call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatesOf {
    pub money: Rate,
    pub read: Rate,
    pub report: Rate,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub per_second: u32,
    pub burst: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    pub wait_ms: i32,
    pub keep_days: i64,
    pub inbox_days: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    pub head_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    pub workers: usize,
    pub attempts: i32,
    pub lease_s: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    pub attempts: u32,
    pub backoff_ms: u64,
    pub budget_percent: u32,
    pub budget_reserve: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockConfig {
    pub movable: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    pub key_file: Maybe<SecretFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    pub kek_file: Maybe<SecretFile>,
    pub index_key_file: Maybe<SecretFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    pub wait_ms: u64,
}

#[cfg(test)]
impl Limits {
    /// As they are when nobody says otherwise.
    pub(crate) fn of_house() -> Self {
        let settings = Settings::<BTreeMap<String, String>>::with("wallet", "", "").unwrap();
        settings.platform.limits
    }
}
