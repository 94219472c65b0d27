use clap::{Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum Tickets {
    /// Lists tickets within one's reach.
    List {
        /// Only those for which one answers.
        #[arg(long)]
        mine: bool,
    },
    /// Shows a ticket with its history.
    Show { ticket_id: String },
    /// Records a complaint.
    Open {
        /// Code of the studio, as BJ-GUOMAO.
        studio: String,
        text: String,
        /// What it is about.
        #[arg(long, value_enum, default_value_t = Topic::Service)]
        topic: Topic,
        /// Whose it is, when staff record it.
        #[arg(long, default_value = "")]
        person: String,
    },
    /// Makes somebody answer for it.
    Assign { ticket_id: String, person_id: String },
    /// Writes down what was found out.
    Progress { ticket_id: String, text: String },
    /// Lays a resolution before the member.
    Propose { ticket_id: String, text: String },
    /// Accepts the resolution and closes the ticket, as its member.
    Accept { ticket_id: String },
    /// Declines the resolution, as its member.
    Decline { ticket_id: String, text: String },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Topic {
    Service,
    Facility,
    Order,
    Payment,
    Recharge,
    Refund,
    Privacy,
}
