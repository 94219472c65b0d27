//! The settings of this service; `config.toml` says what each means.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub respond_within_hours: u32,
}

impl Config {
    /// Until when an answer is promised to what is recorded at `at`.
    pub fn respond_by(&self, at: Timestamp) -> Timestamp {
        at + std::time::Duration::from_secs(u64::from(self.respond_within_hours) * 3600)
    }
}
