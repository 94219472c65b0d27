//! Prints how fast and how small the platform is, one bar a line. A figure
//! never fails a build: machines are shared, so the share of the processor
//! that others took is printed beside each.

mod processor;
mod service;

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

const KNOWN: [&str; 2] = ["start", "rss-idle"];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(unknown) = arguments.bars.iter().find(|bar| !KNOWN.contains(&bar.as_str())) {
        bail!("there is no bar {unknown}; known are {}", KNOWN.join(", "));
    }
    let wanted = |name: &str| arguments.bars.is_empty() || arguments.bars.iter().any(|bar| bar == name);
    let watch = Watch::start()?;
    let bars = service::measure().await?;
    let foreign = watch.foreign_share()?;
    for bar in bars.into_iter().filter(|bar| wanted(bar.name)) {
        print(&bar, foreign, arguments.json);
    }
    Ok(())
}

fn print(bar: &Bar, foreign: Decimal, as_json: bool) {
    if as_json {
        let line = json!({
            "bar": bar.name, "value": bar.value, "floor": bar.floor, "goal": bar.goal,
            "foreign_cpu": foreign, "detail": bar.detail,
        });
        println!("{line}");
    } else {
        println!(
            "{:<10} {} {} (floor {}, goal {}; others took {foreign} of the processor)",
            bar.name, bar.value, bar.unit, bar.floor, bar.goal
        );
    }
}
