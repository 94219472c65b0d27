//! Prints how fast and how small the platform is, one bar a line. A figure
//! never fails a build: machines are shared, so the share of the processor
//! that others took is printed beside each.

mod bills;
mod facts;
mod house;
mod ledger;
mod processor;
mod scans;
mod service;
mod spends;

use anyhow::{Result, bail};
use clap::Parser;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::processor::Watch;

#[derive(Parser)]
#[command(about = "Measures the platform. Wants PostgreSQL: eval \"$(deploy/local/env)\" first.")]
struct Arguments {
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
    /// Which bars; all when none is named.
    bars: Vec<String>,
}

/// One measured figure and what it is held against.
pub struct Bar {
    pub name: &'static str,
    pub value: Decimal,
    pub unit: &'static str,
    pub floor: Decimal,
    pub goal: Decimal,
    pub detail: Value,
}

/// Bars of one idle service, and of a house in which members live.
const ALONE: [&str; 2] = ["start", "rss-idle"];
const TOGETHER: [&str; 5] = [
    "paid-to-active",
    "paid-to-active-p99",
    "feed-lag",
    "rss-loaded",
    "scan-to-desk",
];
/// Bars of a large day's bills.
const BILLS: [&str; 2] = ["reconcile-time", "reconcile-memory"];
/// Bars of the ledger's hot path.
const LEDGER: [&str; 9] = [
    "spend-hot",
    "spend-random",
    "spend-hot-over-random",
    "spend-pgledger",
    "spend-tigerbeetle",
    "spend-cpu",
    "spend-tail",
    "spend-p99",
    "spend-wal",
];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let known = || ALONE.into_iter().chain(TOGETHER).chain(BILLS).chain(LEDGER);
    if let Some(unknown) = arguments
        .bars
        .iter()
        .find(|bar| !known().any(|name| name == bar.as_str()))
    {
        let known: Vec<_> = known().collect();
        bail!("there is no bar {unknown}; known are {}", known.join(", "));
    }
    let wanted = |name: &str| arguments.bars.is_empty() || arguments.bars.iter().any(|bar| bar == name);
    let programs = house::programs()?;
    if ALONE.into_iter().any(wanted) {
        let watch = Watch::start()?;
        let bars = service::measure(&programs).await?;
        print(&bars, &watch, &wanted, arguments.json)?;
    }
    if TOGETHER.into_iter().any(wanted) {
        let watch = Watch::start()?;
        let bars = house::measure(&programs).await?;
        print(&bars, &watch, &wanted, arguments.json)?;
    }
    if BILLS.into_iter().any(wanted) {
        let watch = Watch::start()?;
        let bars = bills::measure(&house::open(&programs).await?).await?;
        print(&bars, &watch, &wanted, arguments.json)?;
    }
    if LEDGER.into_iter().any(wanted) {
        let watch = Watch::start()?;
        let bars = ledger::measure(&programs).await?;
        print(&bars, &watch, &wanted, arguments.json)?;
    }
    Ok(())
}

fn print(bars: &[Bar], watch: &Watch, wanted: &dyn Fn(&str) -> bool, as_json: bool) -> Result<()> {
    let foreign = watch.foreign_share()?;
    for bar in bars.iter().filter(|bar| wanted(bar.name)) {
        if as_json {
            let line = json!({
                "bar": bar.name, "value": bar.value, "floor": bar.floor, "goal": bar.goal,
                "foreign_cpu": foreign, "detail": bar.detail,
            });
            println!("{line}");
        } else {
            println!(
                "{:<20} {} {} (floor {}, goal {}; others took {foreign} of the processor)",
                bar.name, bar.value, bar.unit, bar.floor, bar.goal
            );
        }
    }
    Ok(())
}

/// The value below which `percent` of a hundred lie, in milliseconds of microseconds.
pub fn percentile(micros: &mut [i64], percent: usize) -> Decimal {
    micros.sort_unstable();
    let at = (micros.len() * percent / 100).min(micros.len().saturating_sub(1));
    Decimal::new(micros.get(at).copied().unwrap_or_default(), 3)
}
