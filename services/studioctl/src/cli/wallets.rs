use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Wallets {
    /// Shows a member's wallet, now or at a past time.
    Show {
        person_id: String,
        /// As 2026-11-21T10:00:00+08:00.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Lists every movement of a member's wallet, the newest first.
    Statement {
        person_id: String,
        /// As CSV, amounts in fen.
        #[arg(long)]
        csv: bool,
    },
    /// Lists what is reserved, or was.
    Holds {
        person_id: String,
        /// Only what counts against the balance.
        #[arg(long)]
        active: bool,
    },
    /// Gives a hold up, so that its value may be spent again.
    Release { hold_id: String },
}
