//! One file for each group of commands.

pub mod approvals;
pub mod audit;
pub mod cashier;
mod charge;
pub mod check;
pub mod counters;
pub mod credentials;
pub mod drawers;
pub mod exceptions;
pub mod feeds;
pub mod grants;
pub mod import;
pub mod keys;
pub mod members;
pub mod notices;
pub mod operations;
pub mod orders;
pub mod parked;
pub mod pay;
pub mod payments;
pub mod recharges;
pub mod reconcile;
pub mod refunds;
pub mod review;
pub mod sign_in;
pub mod takings;
pub mod tickets;
pub mod trace;
pub mod transfers;
pub mod verifications;
pub mod wallets;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use clap::CommandFactory as _;
use proto::studio::members::v1::{ListNodesRequest, NodeKind};

use tokio_stream::{Stream, StreamExt as _};
use tonic::Status;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::house::House;
use crate::output::Output;
use crate::session::{self, Session, StateFolder, Who};

/// What every command has at hand.
pub struct Desk {
    pub output: Output,
    pub house: House,
    pub state: StateFolder,
    act_as: Option<String>,
}

impl Desk {
    pub fn new(cli: &Cli) -> Self {
        Self {
            output: cli.output,
            house: House::new(cli.addresses.clone()),
            state: cli.state.clone(),
            act_as: cli.act_as.clone(),
        }
    }

    /// The house as entered by whoever `--as` names, else whoever is signed in,
    /// else the role that usually does this.
    pub async fn enter(&self, usual: &str) -> Result<House, Failure> {
        if let Some(session) = session::kept(&self.state).filter(|_| self.act_as.is_none()) {
            let session = self.renewed(session).await?;
            return Ok(self.house.with_token(session.token));
        }
        self.enter_as(usual).await
    }

    /// As [`Desk::enter`], whoever is signed in: for what only one role does.
    pub async fn enter_as(&self, usual: &str) -> Result<House, Failure> {
        let who = Who::read(self.act_as.as_deref().unwrap_or(usual));
        let session = session::sign_in(&self.house, who).await?;
        Ok(self.house.with_token(session.token))
    }

    /// The session itself, with a token that lives long enough.
    pub async fn renewed(&self, session: Session) -> Result<Session, Failure> {
        if session.is_fresh() {
            return Ok(session);
        }
        let session = session::sign_in(&self.house, session.who).await?;
        session::keep(&self.state, &session)?;
        Ok(session)
    }
}

/// Writes the pieces of a file as they come, to the terminal without a path.
pub async fn save(
    mut pieces: impl Stream<Item = Result<Vec<u8>, Status>> + Unpin,
    to: Option<&Path>,
) -> Result<(), Failure> {
    let mut file: Box<dyn Write + Send> = match to {
        Some(path) => Box::new(File::create(path).map_err(|e| unwritten(path, &e))?),
        None => Box::new(std::io::stdout()),
    };
    while let Some(piece) = pieces.next().await {
        let content = piece.map_err(|s| Failure::of("payments", &s))?;
        file.write_all(&content)
            .map_err(|e| unwritten(to.unwrap_or(Path::new("the terminal")), &e))?;
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// The id of the studio with a code.
pub async fn studio(house: &House, code: &str) -> Result<String, Failure> {
    let request = ListNodesRequest {
        kind: NodeKind::Studio.into(),
        page_size: 200,
        ..Default::default()
    };
    let nodes = house.ask(request).await?.nodes;
    let known: Vec<&str> = nodes.iter().map(|node| node.code.as_str()).collect();
    let unknown =
        Failure::new(format!("there is no studio {code}")).hint(format!("studios: {}", known.join(", ")));
    nodes
        .iter()
        .find(|node| node.code == code)
        .map(|node| node.node_id.clone())
        .ok_or(unknown)
}

/// What a reply must hold.
pub fn held<T>(value: Option<T>, what: &str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::new(format!("the reply holds no {what}")))
}

/// A sum in yuan as typed.
pub fn money(text: &str) -> Result<proto::studio::money::v1::Money, Failure> {
    let minor = kernel::fen_from_yuan(text)
        .map_err(|e| Failure::new(format!("{text}: {e}")).hint("write yuan, as 500 or 99.90"))?;
    Ok(proto::studio::money::v1::Money {
        minor,
        currency: kernel::CURRENCY.to_owned(),
    })
}

pub fn completions(shell: clap_complete::Shell) {
    let mut written = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "studioctl", &mut written);
    crate::output::line(String::from_utf8_lossy(&written).trim_end());
}
