//! How much of the processor this run took, and how much others did.

use std::fs;

use anyhow::{Context as _, Result};
use rust_decimal::Decimal;

/// Counts from its start on.
pub struct Watch {
    busy: u64,
    total: u64,
    own: u64,
}

impl Watch {
    pub fn start() -> Result<Self> {
        let (busy, total) = machine()?;
        Ok(Self {
            busy,
            total,
            own: own()?,
        })
    }

    /// The share of the processor that was neither idle nor ours (our children
    /// count as ours, database servers as others'), from 0 to 1.
    pub fn foreign_share(&self) -> Result<Decimal> {
        let (busy, total) = machine()?;
        let foreign = (busy - self.busy).saturating_sub(own()? - self.own);
        let all = Decimal::from((total - self.total).max(1));
        Ok((Decimal::from(foreign) / all).round_dp(3))
    }
}

/// Ticks of the whole machine: busy, and in all.
fn machine() -> Result<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|t| t.parse().ok())
        .collect();
    let total = ticks.iter().take(8).sum();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Ok((total - idle, total))
}

/// Ticks of this process and of its children that have ended.
fn own() -> Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').context("/proc/self/stat")?.1;
    Ok(fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|t| t.parse::<u64>().ok())
        .sum())
}
