use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Payments {
    /// Lists payments, the latest first.
    List {
        /// Only those of a person.
        #[arg(long, default_value = "")]
        person: String,
        /// Only that of a due.
        #[arg(long, default_value = "")]
        due: String,
        /// Only that with this transaction number of the channel.
        #[arg(long, default_value = "")]
        transaction: String,
    },
    /// Shows where an attempt stands, and by which account it is collected.
    Attempt { attempt_id: String },
    /// Follows an attempt to its end, a line for each change.
    Watch { attempt_id: String },
    /// Lists what goes back of payments, the latest first.
    Refunds {
        /// Only those of a payment.
        #[arg(long, default_value = "")]
        payment: String,
    },
    /// Shows the refund of a leg.
    Leg { leg_id: String },
}
