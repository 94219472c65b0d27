//! What the wallet can be told; every setting is explained in `config.toml`.

use std::num::NonZeroU8;

use kernel::Amount;
use serde::{Deserialize, Serialize};

/// The table `[service]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    recharge_min_minor: i64,
    recharge_max_minor: i64,
    large_recharge_minor: i64,
    recharge_valid_hours: u16,
    hold_max_hours: u16,
    /// Batches of spends that are under way side by side.
    pub spending_lanes: NonZeroU8,
}

/// The settings, read once into what the decisions take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub min: Amount,
    pub max: Amount,
    /// From here on finance looks closer.
    pub large: Amount,
    /// For how long a recharge can be paid.
    pub valid: chrono::Duration,
    /// For how long value can be held.
    pub hold: chrono::Duration,
}

impl Config {
    pub fn limits(&self) -> anyhow::Result<Limits> {
        let amount = |name: &str, minor: i64| {
            Amount::from_minor(minor).ok_or_else(|| anyhow::anyhow!("service.{name} must be above zero"))
        };
        let limits = Limits {
            min: amount("recharge_min_minor", self.recharge_min_minor)?,
            max: amount("recharge_max_minor", self.recharge_max_minor)?,
            large: amount("large_recharge_minor", self.large_recharge_minor)?,
            valid: chrono::Duration::hours(self.recharge_valid_hours.into()),
            hold: chrono::Duration::hours(self.hold_max_hours.into()),
        };
        anyhow::ensure!(
            limits.min <= limits.max,
            "service.recharge_min_minor is above service.recharge_max_minor"
        );
        anyhow::ensure!(
            limits.valid > chrono::Duration::zero(),
            "service.recharge_valid_hours must be above zero"
        );
        anyhow::ensure!(
            limits.hold > chrono::Duration::zero(),
            "service.hold_max_hours must be above zero"
        );
        Ok(limits)
    }
}
