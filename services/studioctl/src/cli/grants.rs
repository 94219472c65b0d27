use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Grants {
    /// Reports how the rights stand and lists what wants attention.
    Review,
    /// Lists the roles that nobody uses.
    Unused,
    /// Says that somebody else still needs a role.
    Certify {
        grant_id: String,
        /// The version that was looked at.
        #[arg(long)]
        version: i64,
    },
}
