use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use proto::studio::payments::v1::{ProofType, SuspenseEnd};

#[derive(Debug, Subcommand)]
pub enum Transfers {
    /// Shows where an intent is paid to, and its reference.
    Request { intent_id: String },
    /// Attaches the bank's slip that a payer shows.
    Attach {
        intent_id: String,
        /// A file that ends in .png, .jpg, .jpeg or .pdf.
        file: PathBuf,
    },
    /// Saves the slips of an intent into a folder.
    Slips { intent_id: String, folder: PathBuf },
    /// Lists money at banks that no due explains, that with the nearest deadline first.
    List {
        /// Also what has an end.
        #[arg(long)]
        all: bool,
        /// Only what should have an end by now.
        #[arg(long)]
        overdue: bool,
    },
    /// Says what such money is, which another person has to confirm.
    Propose {
        suspense_id: String,
        #[arg(value_enum)]
        end: End,
        /// The intent that it pays.
        #[arg(long, required_if_eq("end", "assign"))]
        intent: Option<String>,
        /// The version that was looked at.
        #[arg(long)]
        version: i64,
        /// What shows it.
        #[arg(long)]
        note: String,
    },
    /// Confirms what another person said.
    Confirm {
        suspense_id: String,
        /// The version that was looked at.
        #[arg(long)]
        version: i64,
        /// It is something else.
        #[arg(long)]
        decline: bool,
    },
    /// Says that a refund went back by bank.
    Refunded {
        leg_id: String,
        /// The bank's number of the transfer.
        transaction: String,
    },
}

/// What becomes of money that no due explains.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum End {
    /// It pays a due.
    Assign,
    /// It goes back to who sent it.
    SendBack,
    /// It was never a member's.
    Explain,
}

impl From<End> for SuspenseEnd {
    fn from(end: End) -> Self {
        match end {
            End::Assign => Self::Assign,
            End::SendBack => Self::SendBack,
            End::Explain => Self::Explain,
        }
    }
}

/// What a file is by its name.
pub fn type_of(file: &std::path::Path) -> Option<ProofType> {
    match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "png" => Some(ProofType::Png),
        "jpg" | "jpeg" => Some(ProofType::Jpeg),
        "pdf" => Some(ProofType::Pdf),
        _ => None,
    }
}
