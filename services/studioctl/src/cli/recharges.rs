use clap::Subcommand;

use super::QrOf;

#[derive(Debug, Subcommand)]
pub enum Recharges {
    /// Lists recharges, the oldest first.
    List {
        /// Only this state, as received.
        #[arg(long)]
        state: Option<String>,
    },
    /// Applies for a recharge.
    Apply {
        person_id: String,
        /// Code of the studio, as BJ-GUOMAO.
        studio: String,
        /// In yuan, as 500.00.
        amount: String,
        /// Whose QR it is paid by.
        #[arg(long, value_enum, default_value_t = QrOf::Wechat)]
        method: QrOf,
    },
    /// Passes the first check.
    Accept { recharge_id: String },
    /// Shows the QR, or charges the code that the payer shows, and waits until it is
    /// paid.
    Pay {
        recharge_id: String,
        /// The code that the payer shows; without it the next line is read.
        #[arg(long)]
        code: Option<String>,
    },
    /// Finance posts received money: it may be spent from now on.
    Post {
        recharge_id: String,
        /// What the business side said; a focus review needs it.
        #[arg(long, default_value = "")]
        consultation: String,
    },
    /// Finance rejects received money: it goes back.
    Reject {
        recharge_id: String,
        #[arg(long)]
        reason: String,
    },
}
