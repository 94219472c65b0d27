//! Orders: from "I would like to join" to an open card. `api` lists the calls,
//! `reactions` the facts and tasks, `domain::order::process` is the table of
//! states and steps, `store` the only SQL.

mod api;
mod config;
pub mod domain;
mod facts;
mod meters;
mod reactions;
mod store;

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use platform::{Peer, Platform, Service, Subscription, TaskKind};
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::orders::v1::catalogue_service_server::CatalogueServiceServer;
use proto::studio::orders::v1::order_service_server::OrderServiceServer;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::domain::order::Now;

pub use crate::config::Config;

/// The catalogue file is the largest request.
const MAX_FILE: usize = 3 * 1024 * 1024;

/// Everything a call, a reaction or a task may use.
pub struct App {
    pub platform: Platform,
    pub config: Config,
    pub people: PeopleServiceClient<Peer>,
    pub cards: CardServiceClient<Peer>,
    pub intents: IntentServiceClient<Peer>,
    pub wallet: WalletServiceClient<Peer>,
}

impl Deref for App {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl App {
    /// Business time, with how long things may take from it.
    pub fn now(&self) -> Now {
        Now {
            at: self.clock.now(),
            times: self.config.times(),
        }
    }
}

impl Service for App {
    type Config = Config;
    const NAME: &'static str = "orders";
    const CONFIG: &'static str = include_str!("../config.toml");

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    async fn build(platform: Platform, config: Config) -> anyhow::Result<Self> {
        config.check()?;
        Ok(Self {
            people: PeopleServiceClient::new(platform.peer("members")?),
            cards: CardServiceClient::new(platform.peer("members")?),
            intents: IntentServiceClient::new(platform.peer("payments")?),
            wallet: WalletServiceClient::new(platform.peer("wallet")?),
            platform,
            config,
        })
    }

    fn routes(app: &Arc<Self>) -> Routes {
        let catalogue =
            CatalogueServiceServer::new(api::Api(app.clone())).max_decoding_message_size(MAX_FILE);
        Routes::new(OrderServiceServer::new(api::Api(app.clone()))).add_service(catalogue)
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        reactions::subscriptions()
    }

    fn tasks() -> Vec<TaskKind<Self>> {
        reactions::tasks()
    }

    fn checks() -> Vec<platform::Check> {
        store::checks::checks()
    }

    fn tallies() -> Vec<platform::Tally> {
        store::checks::tallies()
    }
}

/// The whole process: `serve`, `migrate` or `check-config`.
pub fn run_blocking() -> ExitCode {
    platform::run_blocking::<App>()
}
