//! What can be typed.

mod audit;
mod cashier;
mod counters;
mod credentials;
mod drawers;
mod exceptions;
mod feeds;
mod grants;
mod pay;
mod payments;
mod recharges;
mod reconcile;
mod refunds;
mod takings;
mod tickets;
mod transfers;
mod verifications;
mod wallets;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::addresses::{Addresses, Service};
use crate::commands::check::Check;
use crate::output::Output;
use crate::session::StateFolder;

pub use audit::Audit;
pub use cashier::{Cashier, Channel as CashierChannel, Place as CashierPlace};
pub use counters::Counters;
pub use credentials::Credentials;
pub use drawers::{Drawers, Found};
pub use exceptions::Exceptions;
pub use feeds::{Feeds, Parked};
pub use grants::Grants;
pub use pay::{PayBy, QrOf};
pub use payments::Payments;
pub use recharges::Recharges;
pub use reconcile::{AccountName, Reconcile};
pub use refunds::Refunds;
pub use takings::{Period, Takings};
pub use tickets::{Tickets, Topic};
pub use transfers::{Transfers, type_of};
pub use verifications::Verifications;
pub use wallets::Wallets;

/// Works a Studio platform from the terminal.
#[derive(Debug, Parser)]
#[command(name = "studioctl", version, max_term_width = 100)]
pub struct Cli {
    /// Tables for people or JSON for scripts.
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Act as this role of the demo, account, or member's phone, for this command only.
    #[arg(long = "as", global = true, value_name = "WHO")]
    pub act_as: Option<String>,
    #[command(flatten)]
    pub state: StateFolder,
    #[command(flatten)]
    pub addresses: Addresses,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a member's whole journey through every service and narrates it.
    Demo {
        /// Print one JSON object a step.
        #[arg(long)]
        json: bool,
    },
    /// Signs in as a role of the demo (customer-service), an account, or a member.
    SignIn(SignIn),
    /// Forgets who is signed in.
    SignOut,
    /// Says who is signed in.
    Whoami,
    /// Prints a token of somebody, for other clients.
    Token {
        /// A role of the demo, an account, or a member's phone.
        role: String,
    },
    /// Takes a CSV file in, whole or not at all.
    Import {
        /// What the file holds.
        #[arg(value_enum)]
        what: ImportKind,
        /// The file, UTF-8 or GB18030.
        file: PathBuf,
        /// Only check it.
        #[arg(long)]
        trial: bool,
    },
    /// Looks people and their cards up.
    #[command(subcommand)]
    Members(Members),
    /// Reviews who holds which role.
    #[command(subcommand)]
    Grants(Grants),
    /// Looks orders up, and begins them.
    #[command(subcommand)]
    Orders(Orders),
    /// Customer service's queue: first review.
    #[command(subcommand)]
    Review(Review),
    /// The review department's queue: approval.
    #[command(subcommand)]
    Approvals(Approvals),
    /// Shows the QR of an order in the terminal, or charges the code that the payer
    /// shows, and waits until it is paid.
    Pay {
        order_id: String,
        /// How it is paid.
        #[arg(long, value_enum, default_value_t = PayBy::Wechat)]
        method: PayBy,
        /// The code that the payer shows; without it the next line is read, as a
        /// scanner types it.
        #[arg(long)]
        code: Option<String>,
        /// The same as `--method wallet`.
        #[arg(long, conflicts_with = "method")]
        wallet: bool,
    },
    /// Members' stored value: balance, statement, what is reserved.
    #[command(subcommand)]
    Wallets(Wallets),
    /// The recharge centre's queues.
    #[command(subcommand)]
    Recharges(Recharges),
    /// Refund cases.
    #[command(subcommand)]
    Refunds(Refunds),
    /// What may be started at cashiers.
    #[command(subcommand)]
    Cashier(Cashier),
    /// Cash and cards at a studio's desk.
    #[command(subcommand)]
    Drawers(Drawers),
    /// Static codes on studios' counters.
    #[command(subcommand)]
    Counters(Counters),
    /// Dues paid by bank transfer, and money at banks that no due explains.
    #[command(subcommand)]
    Transfers(Transfers),
    /// Bills of channels and banks, held against ours.
    #[command(subcommand)]
    Reconcile(Reconcile),
    /// Attempts, payments and what goes back of them, as payments knows them.
    #[command(subcommand)]
    Payments(Payments),
    /// What was taken and sent back, by our own books.
    #[command(subcommand)]
    Takings(Takings),
    /// What opens the company's accounts: who holds it, and how old it is.
    #[command(subcommand)]
    Credentials(Credentials),
    /// Money of members' that may have gone wrong: charged twice, or paid and not there.
    #[command(subcommand)]
    Exceptions(Exceptions),
    /// The desk's look at what was paid: amount and member.
    #[command(subcommand)]
    Verifications(Verifications),
    /// Complaints and requests.
    #[command(subcommand)]
    Tickets(Tickets),
    /// A member's inbox.
    Inbox {
        /// In English.
        #[arg(long)]
        english: bool,
    },
    /// What was announced to one's departments.
    Notices,
    /// How messages travel.
    #[command(subcommand)]
    Deliveries(Deliveries),
    /// Draws a trace as a tree.
    Trace { trace_id: String },
    /// Lists tasks and facts that wait for a person, in every service.
    Stuck,
    /// Lets a parked task be tried again.
    Retry {
        #[arg(value_enum)]
        service: Service,
        task_id: String,
    },
    /// Facts that could not be applied and wait for a person.
    #[command(subcommand)]
    Parked(Parked),
    /// How facts travel between services, and where they do not.
    Feeds {
        #[command(subcommand)]
        command: Option<Feeds>,
    },
    /// Checks the nine invariants over every service; fails when one is broken.
    Check(Check),
    /// Who did what, and whether anybody touched it since.
    #[command(subcommand)]
    Audit(Audit),
    /// Business time.
    #[command(subcommand)]
    Clock(Clock),
    /// Makes the key material of a new installation; what exists is kept.
    Keys { folder: PathBuf },
    /// Writes completions for a shell.
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct SignIn {
    /// A role of the demo, as customer-service or reviewer-2; an account; a member's phone.
    pub who: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ImportKind {
    Organisation,
    Staff,
    Members,
    Catalogue,
}

#[derive(Debug, Subcommand)]
pub enum Members {
    /// Finds the person with a phone number.
    Find { phone: String },
    /// Shows a person with their cards and visits.
    Show { person_id: String },
    /// Lists people of one's studios.
    List,
    /// Shows a card and what is left of it.
    Card { card_id: String },
    /// Lets a member in.
    CheckIn {
        card_id: String,
        benefit_code: String,
        studio_code: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Orders {
    /// Lists orders within one's reach.
    List,
    /// Shows an order.
    Show { order_id: String },
    /// Tells where an order stands, by its number.
    Track { order_number: String },
    /// Lists what is for sale.
    Products,
    /// Applies for a product, for a member when staff do.
    Apply {
        /// Code of the product, as YEAR-ALL.
        product: String,
        /// Code of the studio, as BJ-GUOMAO.
        studio: String,
        /// The member's id; empty when the member applies.
        #[arg(long, default_value = "")]
        person: String,
    },
    /// Accepts the quote of an approved order, as its member.
    Accept { order_id: String },
    /// Ends an order that is not paid.
    Cancel {
        order_id: String,
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Review {
    /// Lists what waits for a first review.
    List,
    /// Passes an application; the system quotes.
    Pass {
        order_id: String,
        #[arg(long, default_value = "complete and valid")]
        note: String,
    },
    /// Asks the applicant for what is missing.
    Ask { order_id: String, wanted: String },
    /// Hands an order to the review department.
    Submit { order_id: String },
}

/// What a reviewer decides by.
#[derive(Debug, Args)]
pub struct Decision {
    pub order_id: String,
    /// Version of the policy.
    #[arg(long, default_value = "2026-1")]
    pub policy: String,
    /// Why.
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// Lists what waits for a decision.
    List,
    /// Approves the quote as it stands.
    Approve(Decision),
    /// Says no for good.
    Reject(Decision),
    /// Returns it to customer service.
    SendBack(Decision),
}

#[derive(Debug, Subcommand)]
pub enum Deliveries {
    /// Lists messages of one's studios.
    List {
        /// Only this state: queued, sending, sent or failed.
        #[arg(long)]
        state: Option<String>,
    },
    /// Sends a failed message again.
    Resend { message_id: String },
}

#[derive(Debug, Subcommand)]
pub enum Clock {
    /// Shows the business time of every service.
    Show,
    /// Moves the business time of every service: +30d, +2h, -15m, or 0 for real time.
    Set {
        #[arg(allow_hyphen_values = true)]
        offset: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_command_can_be_made_by_somebody_else_and_for_a_script() {
        let cli = Cli::parse_from(["studioctl", "--as", "reviewer", "-o", "json", "approvals", "list"]);
        assert_eq!(
            (cli.act_as.as_deref(), cli.output),
            (Some("reviewer"), Output::Json)
        );
    }
}
