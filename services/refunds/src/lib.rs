//! Refund policies, and cases from the application to the money's arrival at
//! where it came from.
//!
//! `api` answers calls, one file a call. `reactions` follows others' facts and
//! does the work that waits, one file each. `domain` decides and knows nothing
//! else. `store` has the only SQL. `facts` says what others learn. `look` reads
//! orders and cards from their owners.

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use platform::{Peer, Platform, Service, Subscription, TaskKind};
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::orders::v1::OrdersEvent;
use proto::studio::orders::v1::order_service_client::OrderServiceClient;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::refund_service_client::RefundServiceClient;
use proto::studio::refunds::v1::policy_service_server::PolicyServiceServer;
use proto::studio::refunds::v1::refund_service_server::RefundServiceServer;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

mod api;
mod config;
pub mod domain;
mod facts;
mod look;
mod reactions;
#[expect(
    clippy::as_conversions,
    reason = "in sqlx's macros `as` names the type of a bind and converts nothing"
)]
mod store;

/// Refunds, put together.
pub struct App {
    pub platform: Platform,
    pub orders: OrderServiceClient<Peer>,
    pub cards: CardServiceClient<Peer>,
    /// The way back into a wallet.
    pub wallets: WalletServiceClient<Peer>,
    /// The way back through a channel.
    pub payments: RefundServiceClient<Peer>,
    pub config: config::Config,
}

impl Deref for App {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl Service for App {
    type Config = config::Config;
    const NAME: &'static str = "refunds";
    const CONFIG: &'static str = include_str!("../config.toml");

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    async fn build(platform: Platform, config: Self::Config) -> anyhow::Result<Self> {
        Ok(Self {
            orders: OrderServiceClient::new(platform.peer("orders")?),
            cards: CardServiceClient::new(platform.peer("members")?),
            wallets: WalletServiceClient::new(platform.peer("wallet")?),
            payments: RefundServiceClient::new(platform.peer("payments")?),
            config,
            platform,
        })
    }

    fn routes(app: &Arc<Self>) -> Routes {
        Routes::new(PolicyServiceServer::new(api::Api(app.clone())))
            .add_service(RefundServiceServer::new(api::Api(app.clone())))
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        vec![
            Subscription::learning("members"),
            Subscription::to::<OrdersEvent>("orders", reactions::orders),
            Subscription::to::<PaymentsEvent>("payments", reactions::payments),
        ]
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

/// Runs refunds until it is told to stop.
pub fn run_blocking() -> ExitCode {
    platform::run_blocking::<App>()
}
