//! What services are told in tests.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use crate::database::Database;
use crate::house;

/// What every service of a test is told, as TOML. A machine that runs many
/// tests at once is slow, and a test makes many calls as few callers: it waits
/// longer, and measures nobody.
pub fn settings(service: &str, database: &Database) -> Result<String> {
    let mut text = settings_as_shipped(service, database)?;
    writeln!(
        text,
        "database.acquire_timeout_ms = 20000\ndatabase.statement_timeout_ms = 20000\n\
         database.idle_in_transaction_timeout_ms = 20000\ndeadlines.default_ms = 30000"
    )?;
    writeln!(text, "database.max_connections = 6")?;
    writeln!(text, "grpc.max_connection_age_s = 3600\ngrpc.reflection = false")?;
    writeln!(
        text,
        "limits.concurrency = 512\nlimits.queue = 512\nlimits.connection_queue = 512"
    )?;
    for payer in ["stranger", "member", "staff", "service"] {
        for class in ["money", "read", "report"] {
            writeln!(text, "limits.rates.{payer}.{class}.per_second = 0")?;
        }
    }
    Ok(text)
}

/// Where things are and no more: every limit is the one that services are
/// shipped with.
pub fn settings_as_shipped(service: &str, database: &Database) -> Result<String> {
    let keys = house::keys();
    let path = |path: std::path::PathBuf| toml::Value::String(path.display().to_string()).to_string();
    let mut text = String::new();
    writeln!(
        text,
        "grpc.listen = '127.0.0.1:0'\nmetrics.listen = '127.0.0.1:0'"
    )?;
    writeln!(text, "database.url = '{}'", database.runtime_url())?;
    writeln!(text, "tokens.verify_keys = {}", path(keys.verify()))?;
    writeln!(text, "tokens.service_key = {}", path(keys.service(service)))?;
    writeln!(text, "fingerprint.key_file = {}", path(keys.fingerprint(service)))?;
    writeln!(text, "vault.kek_file = {}", path(keys.kek(service)))?;
    writeln!(text, "vault.index_key_file = {}", path(keys.index(service)))?;
    if service == "members" {
        writeln!(text, "tokens.person_key = {}", path(keys.person()))?;
    }
    Ok(text)
}

/// Two TOML texts as one; where both speak, the second counts.
pub fn merged(first: &str, second: &str) -> Result<String> {
    let mut table: toml::Table = first.parse().context("settings of every test")?;
    merge(&mut table, second.parse().context("settings of this test")?);
    Ok(table.to_string())
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}
