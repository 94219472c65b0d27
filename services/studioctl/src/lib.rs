//! The operators' command line, a gRPC client like any other.
//!
//! `cli` is what can be typed, `commands` has a file for each group of it,
//! `demo` narrates a member's journey. `house` calls the services, `session`
//! remembers who is signed in, `output` prints for people or for scripts.

mod addresses;
mod cli;
mod commands;
mod demo;
mod failure;
mod house;
mod output;
mod qr;
mod session;
mod sinks;
mod trace;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

async fn command(cli: Cli) -> Result<(), Failure> {
    let desk = commands::Desk::new(&cli);
    match cli.command {
        Command::Keys { folder } => commands::keys::run(&folder),
        Command::Completions { shell } => {
            commands::completions(shell);
            Ok(())
        }
        Command::SignIn(who) => commands::sign_in::sign_in(&desk, who).await,
        Command::SignOut => commands::sign_in::sign_out(&desk),
        Command::Whoami => commands::sign_in::whoami(&desk).await,
        Command::Token { role } => commands::sign_in::token(&desk, &role).await,
        Command::Import { what, file, trial } => commands::import::run(&desk, what, &file, trial).await,
        Command::Members(command) => commands::members::run(&desk, command).await,
        Command::Grants(command) => commands::grants::run(&desk, command).await,
        Command::Orders(command) => commands::orders::run(&desk, command).await,
        Command::Review(command) => commands::review::run(&desk, command).await,
        Command::Approvals(command) => commands::approvals::run(&desk, command).await,
        Command::Pay {
            order_id,
            method,
            code,
            wallet,
        } => {
            let by = if wallet { cli::PayBy::Wallet } else { method };
            commands::pay::run(&desk, &order_id, by, code).await
        }
        Command::Wallets(command) => commands::wallets::run(&desk, command).await,
        Command::Recharges(command) => commands::recharges::run(&desk, command).await,
        Command::Refunds(command) => commands::refunds::run(&desk, command).await,
        Command::Credentials(command) => commands::credentials::run(&desk, command).await,
        Command::Cashier(command) => commands::cashier::run(&desk, command).await,
        Command::Exceptions(command) => commands::exceptions::run(&desk, command).await,
        Command::Verifications(command) => commands::verifications::run(&desk, command).await,
        Command::Drawers(command) => commands::drawers::run(&desk, command).await,
        Command::Counters(command) => commands::counters::run(&desk, command).await,
        Command::Transfers(command) => commands::transfers::run(&desk, command).await,
        Command::Reconcile(command) => commands::reconcile::run(&desk, command).await,
        Command::Payments(command) => commands::payments::run(&desk, command).await,
        Command::Takings(command) => commands::takings::run(&desk, command).await,
        Command::Tickets(command) => commands::tickets::run(&desk, command).await,
        Command::Inbox { english } => commands::notices::inbox(&desk, english).await,
        Command::Notices => commands::notices::board(&desk).await,
        Command::Deliveries(command) => commands::notices::deliveries(&desk, command).await,
        Command::Trace { trace_id } => commands::trace::run(&desk, &trace_id).await,
        Command::Stuck => commands::operations::stuck(&desk).await,
        Command::Retry { service, task_id } => commands::operations::retry(&desk, service, task_id).await,
        Command::Parked(command) => commands::parked::run(&desk, command).await,
        Command::Feeds { command } => {
            commands::feeds::run(&desk, command.unwrap_or(cli::Feeds::Status)).await
        }
        Command::Check(terms) => commands::check::run(&desk, &terms).await,
        Command::Audit(command) => commands::audit::run(&desk, command).await,
        Command::Clock(command) => commands::operations::clock(&desk, command).await,
        Command::Demo { json } => demo::run(&desk, json).await,
    }
}
