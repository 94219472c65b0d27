use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Takings {
    /// Sums them up for each day, studio and method, the earliest day first.
    List {
        #[command(flatten)]
        period: Period,
    },
    /// Writes each payment with the name of its payer, as CSV; who exports is audited.
    Export {
        #[command(flatten)]
        period: Period,
        /// Where to; the terminal without it.
        #[arg(long)]
        to: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct Period {
    /// The first day, as 2026-11-01.
    pub from: String,
    /// The last day; the first without it.
    pub until: Option<String>,
    /// Only those of a studio, by its code.
    #[arg(long)]
    pub studio: Option<String>,
}
