use std::path::PathBuf;

use clap::Subcommand;

use crate::addresses::Service;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Recomputes the chains and names every record that was touched; needs no secret.
    ///
    /// Ends with 0 when every chain is whole, with 2 when a record was touched,
    /// with 1 when a chain could not be read.
    Verify {
        /// Only these services.
        #[arg(value_enum)]
        services: Vec<Service>,
        /// Folder of the public keys, as services have it; without it signatures are taken as witnesses checked them.
        #[arg(long, env = "STUDIO_VERIFY_KEYS")]
        keys: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Declares what a restore to an earlier time lost, so that the chain goes on.
    Reseal {
        #[arg(value_enum)]
        service: Service,
        /// Why, for whoever verifies later.
        #[arg(long)]
        reason: String,
    },
}
