use clap::{Subcommand, ValueEnum};
use proto::studio::payments::v1::{ExceptionType, Remedy};

#[derive(Debug, Subcommand)]
pub enum Exceptions {
    /// Lists cases within one's reach, those due first.
    List {
        /// Only those without an answer in time.
        #[arg(long)]
        overdue: bool,
        /// Those that are answered as well.
        #[arg(long)]
        all: bool,
        /// Only those that one took.
        #[arg(long)]
        mine: bool,
    },
    /// Shows a case with its history.
    Show { exception_id: String },
    /// Opens the case of an attempt, for oneself or for a member.
    Open {
        attempt_id: String,
        #[arg(value_enum)]
        what: MetWith,
        text: String,
    },
    /// Answers for a case from now on.
    Take { exception_id: String },
    /// Says what puts it right; what moves money waits for another person.
    Propose {
        exception_id: String,
        #[arg(value_enum)]
        remedy: PutRight,
        /// What was found out, for colleagues.
        #[arg(long)]
        text: String,
    },
    /// Confirms the remedy that another person proposes.
    Confirm {
        exception_id: String,
        /// The version that was looked at.
        #[arg(long)]
        version: i64,
        /// Send it back instead.
        #[arg(long)]
        decline: bool,
    },
    /// Answers the member.
    Answer { exception_id: String, text: String },
    /// Writes down a talk with the member, for colleagues.
    Contact { exception_id: String, text: String },
    /// Closes an answered case.
    Close { exception_id: String },
    /// Begins an answered case anew.
    Reopen { exception_id: String, text: String },
}

/// What the money met with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum MetWith {
    DuplicateCharge,
    PaidNotCredited,
}

impl From<MetWith> for ExceptionType {
    fn from(what: MetWith) -> Self {
        match what {
            MetWith::DuplicateCharge => Self::DuplicateCharge,
            MetWith::PaidNotCredited => Self::PaidNotCredited,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PutRight {
    /// The attempt's money goes back the way it came.
    SendBack,
    /// The payment is refunded, by a case at refunds.
    Refund,
    /// The money is booked.
    Credit,
    /// Nothing is wrong with the money.
    Explain,
}

impl From<PutRight> for Remedy {
    fn from(remedy: PutRight) -> Self {
        match remedy {
            PutRight::SendBack => Self::SendBack,
            PutRight::Refund => Self::Refund,
            PutRight::Credit => Self::Credit,
            PutRight::Explain => Self::Explain,
        }
    }
}
