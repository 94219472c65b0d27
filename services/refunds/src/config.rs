//! What refunds can be told; every setting is explained in `config.toml`.

use serde::{Deserialize, Serialize};

/// The table `[service]`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// No policy may give less time to ask than the law.
    pub statutory_cooling_off_days: u16,
}
