use clap::{Subcommand, ValueEnum};
use proto::studio::payments::v1::PaymentAnomaly;

#[derive(Debug, Subcommand)]
pub enum Verifications {
    /// Lists payments that wait for the desk, those due first.
    List {
        /// Only those at which nobody looked in time.
        #[arg(long)]
        overdue: bool,
        /// Those that were looked at as well.
        #[arg(long)]
        all: bool,
        /// UUID of a studio to narrow to.
        #[arg(long, default_value = "")]
        studio: String,
    },
    /// Says that amount and member, as seen, fit a payment.
    Verify {
        payment_id: String,
        /// In yuan, as the payer's phone shows it.
        #[arg(long)]
        amount: String,
        /// UUID of the member who stands here.
        #[arg(long)]
        member: String,
    },
    /// Says that a payment does not fit: finance and the technician hear of it at once.
    Report {
        payment_id: String,
        #[arg(value_enum)]
        what: Misfit,
        text: String,
        /// What was said with the member.
        #[arg(long, default_value = "")]
        contact: String,
    },
}

/// What does not fit.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Misfit {
    WrongAmount,
    WrongPerson,
    Other,
}

impl From<Misfit> for PaymentAnomaly {
    fn from(what: Misfit) -> Self {
        match what {
            Misfit::WrongAmount => Self::WrongAmount,
            Misfit::WrongPerson => Self::WrongPerson,
            Misfit::Other => Self::Other,
        }
    }
}
