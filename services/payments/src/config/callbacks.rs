//! The door that channels knock on.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::DurationRound as _;
use kernel::Timestamp;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callbacks {
    pub listen: SocketAddr,
    pub max_head_bytes: usize,
    pub max_body_bytes: usize,
    pub connections: usize,
    pub head_ms: u64,
    pub body_ms: u64,
    pub at_once: usize,
    pub wait_ms: u64,
    pub refused: Refused,
}

/// Bodies of callbacks that were not believed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub window_s: i64,
    pub most_bytes: i64,
    pub keep_days: i64,
}

impl Callbacks {
    pub fn head(&self) -> Duration {
        Duration::from_millis(self.head_ms)
    }

    pub fn body(&self) -> Duration {
        Duration::from_millis(self.body_ms)
    }

    pub fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }
}

impl Refused {
    /// The beginning of the window in which something comes.
    pub fn window_of(&self, at: Timestamp) -> Timestamp {
        at.duration_trunc(chrono::Duration::seconds(self.window_s))
            .unwrap_or(at)
    }

    /// What came before this is forgotten.
    pub fn kept_since(&self, now: Timestamp) -> Timestamp {
        now - chrono::Duration::days(self.keep_days)
    }
}
