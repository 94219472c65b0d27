use clap::Subcommand;

use crate::addresses::Service;

/// Facts that could not be applied.
#[derive(Debug, Subcommand)]
pub enum Parked {
    /// Lists them.
    List {
        /// Only at this service.
        #[arg(long, value_enum)]
        at: Option<Service>,
    },
    /// Shows one with what it says.
    Show {
        /// The service that could not apply it.
        #[arg(value_enum)]
        service: Service,
        /// The service whose fact it is.
        source: String,
        /// The fact's id.
        event_id: String,
    },
    /// Applies the parked facts of a thing again, in order.
    Release {
        /// The service that could not apply them.
        #[arg(value_enum)]
        service: Service,
        /// The service whose facts they are.
        source: String,
        /// The thing's id.
        aggregate: String,
    },
}

/// Streams of facts between services.
#[derive(Debug, Subcommand)]
pub enum Feeds {
    /// Shows how far facts have come, in every service: the default.
    Status,
    /// Shows who pulls whose facts, and what nobody may prune for their sake.
    Consumers,
    /// Lists when a source came apart from what was applied of it.
    Divergences {
        /// Also those that are over.
        #[arg(long)]
        all: bool,
    },
    /// Shows a divergence with the facts that were lost.
    Show {
        /// The service that found it.
        #[arg(value_enum)]
        service: Service,
        divergence_id: String,
    },
    /// Says why a source may be followed again; another person has to confirm it.
    Propose {
        #[arg(value_enum)]
        service: Service,
        divergence_id: String,
        /// Why, and how what followed is put right; no personal data.
        #[arg(long)]
        reason: String,
    },
    /// Confirms another person's proposal: the source is followed again.
    Resume {
        #[arg(value_enum)]
        service: Service,
        divergence_id: String,
    },
    /// Lets facts be pruned past a service that pulls no more.
    Forget {
        /// The service whose facts they are.
        #[arg(value_enum)]
        service: Service,
        /// Who pulls no more.
        consumer: String,
        /// Why; it is kept in the audit.
        #[arg(long)]
        reason: String,
    },
}
