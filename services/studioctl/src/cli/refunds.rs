use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Refunds {
    /// Lists cases, the oldest first.
    List {
        /// Only this state, as requested.
        #[arg(long)]
        state: Option<String>,
    },
    /// Shows a case.
    Show { case_id: String },
    /// Calculates what the policy gives for an order.
    Quote { order_id: String },
    /// Asks for money back.
    Open {
        order_id: String,
        /// No more than this, in yuan.
        #[arg(long)]
        amount: Option<String>,
        #[arg(long, default_value = "asked for by the member")]
        explanation: String,
    },
    /// Lets the money go back.
    Approve {
        case_id: String,
        #[arg(long, default_value = "according to policy")]
        note: String,
    },
    /// Refuses a case.
    Reject {
        case_id: String,
        #[arg(long)]
        note: String,
    },
    /// Sends once more what bounced.
    Resume { case_id: String },
}
