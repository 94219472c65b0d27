//! Members' stored value on a double-entry ledger, and the recharge centre.
//!
//! `api` answers calls, one file a call. `reactions` follows others' facts and
//! does the work that waits, one file each. `domain` decides and knows nothing
//! else. `store` has the only SQL. `facts` says what others learn. `spending` is
//! the hot path: spends that are decided and committed together.

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use platform::{Peer, Platform, Service, Subscription, TaskKind};
use proto::studio::members::v1::MembersEvent;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use proto::studio::payments::v1::refund_service_client::RefundServiceClient;
use proto::studio::wallet::v1::hold_service_server::HoldServiceServer;
use proto::studio::wallet::v1::recharge_service_server::RechargeServiceServer;
use proto::studio::wallet::v1::wallet_service_server::WalletServiceServer;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

mod api;
mod config;
pub mod domain;
mod facts;
mod reactions;
pub mod spending;
#[expect(
    clippy::as_conversions,
    reason = "in sqlx's macros `as` names the type of a bind and converts nothing"
)]
pub mod store;
mod words;

/// The wallet, put together.
pub struct App {
    pub platform: Platform,
    /// Collects recharges.
    pub intents: IntentServiceClient<Peer>,
    /// Sends the money of rejected recharges back.
    pub refunds: RefundServiceClient<Peer>,
    pub limits: config::Limits,
    /// Where spends wait for each other.
    pub spending: spending::Spending,
}

impl Deref for App {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl Service for App {
    type Config = config::Config;
    const NAME: &'static str = "wallet";
    const CONFIG: &'static str = include_str!("../config.toml");

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    async fn build(platform: Platform, config: Self::Config) -> anyhow::Result<Self> {
        let payments = platform.peer("payments")?;
        Ok(Self {
            intents: IntentServiceClient::new(payments.clone()),
            refunds: RefundServiceClient::new(payments),
            limits: config.limits()?,
            spending: spending::Spending::new(config.spending_lanes),
            platform,
        })
    }

    fn routes(app: &Arc<Self>) -> Routes {
        Routes::new(WalletServiceServer::new(api::Api(app.clone())))
            .add_service(RechargeServiceServer::new(api::Api(app.clone())))
            .add_service(HoldServiceServer::new(api::Api(app.clone())))
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        vec![
            Subscription::to::<MembersEvent>("members", reactions::members),
            Subscription::to::<PaymentsEvent>("payments", reactions::payments),
        ]
    }

    fn tasks() -> Vec<TaskKind<Self>> {
        reactions::tasks()
    }

    fn own_acts() -> platform::OwnActs {
        spending::told::OWN
    }

    fn checks() -> Vec<platform::Check> {
        store::checks::checks()
    }

    fn tallies() -> Vec<platform::Tally> {
        store::checks::tallies()
    }
}

/// Runs the wallet until it is told to stop.
pub fn run_blocking() -> ExitCode {
    platform::run_blocking::<App>()
}
