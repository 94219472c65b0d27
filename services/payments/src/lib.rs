//! payments: what is owed becomes an intent, an attempt collects it through a
//! channel, and what the channel states becomes a payment with its receipt, or
//! isolated money that goes back.
//!
//! `api` has a line for each call, `reactions` one for each task, `callbacks` is
//! the door that channels knock on; all that a channel states passes through
//! `evidence`. `channel` holds the adapters, `domain` the rules, `store` the SQL.

mod api;
mod breakers;
mod callbacks;
pub mod channel;
pub mod config;
mod csv;
pub mod domain;
mod evidence;
mod exceptions;
mod facts;
mod merchants;
mod meters;
mod page;
mod reactions;
mod store;
mod wire;
mod words;

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use platform::{Error, Listener, Peer, Platform, Subscription, TaskKind};
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::payments::v1::cashier_service_server::CashierServiceServer;
use proto::studio::payments::v1::counter_code_service_server::CounterCodeServiceServer;
use proto::studio::payments::v1::credential_service_server::CredentialServiceServer;
use proto::studio::payments::v1::drawer_service_server::DrawerServiceServer;
use proto::studio::payments::v1::exception_service_server::ExceptionServiceServer;
use proto::studio::payments::v1::intent_service_server::IntentServiceServer;
use proto::studio::payments::v1::notice_service_server::NoticeServiceServer;
use proto::studio::payments::v1::receipt_service_server::ReceiptServiceServer;
use proto::studio::payments::v1::reconciliation_service_server::ReconciliationServiceServer;
use proto::studio::payments::v1::redirection_service_server::RedirectionServiceServer;
use proto::studio::payments::v1::refund_service_server::RefundServiceServer;
use proto::studio::payments::v1::suspense_service_server::SuspenseServiceServer;
use proto::studio::payments::v1::takings_service_server::TakingsServiceServer;
use proto::studio::payments::v1::transfer_service_server::TransferServiceServer;
use proto::studio::payments::v1::verification_service_server::VerificationServiceServer;
use tokio::sync::Semaphore;

use breakers::Breakers;
use channel::Channel;
pub use config::Config;
use domain::Method;
use domain::attempt::Attempt;
use merchants::Merchants;

/// The service.
pub struct App {
    platform: Platform,
    config: Config,
    merchants: Merchants,
    breakers: Breakers,
    full: callbacks::Full,
    /// Callbacks that wait for a key that is not held.
    renewals: Semaphore,
    people: PeopleServiceClient<Peer>,
}

impl App {
    /// The channel through which an attempt, and what became of it, goes.
    fn channel(&self, merchant: &str, method: Method) -> Result<&Arc<dyn Channel>, Error> {
        self.merchants
            .by_name(merchant)
            .and_then(|m| m.channel(method))
            .ok_or_else(|| Error::Internal(format!("no channel is configured for the merchant {merchant}")))
    }

    fn channel_of(&self, attempt: &Attempt) -> Result<&Arc<dyn Channel>, Error> {
        self.channel(&attempt.merchant, attempt.method)
    }
}

impl Deref for App {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl platform::Service for App {
    type Config = Config;
    const NAME: &'static str = "payments";
    const CONFIG: &'static str = include_str!("../config.toml");

    fn migrations() -> sqlx::migrate::Migrator {
        sqlx::migrate!("./migrations")
    }

    async fn build(platform: Platform, config: Config) -> anyhow::Result<Self> {
        meters::begin();
        let merchants = Merchants::new(&config.merchants, &config.routes).context("service.merchants")?;
        let breakers = Breakers::new(config.cashier.breaker());
        let people = PeopleServiceClient::new(platform.peer("members")?);
        Ok(Self {
            platform,
            config,
            merchants,
            breakers,
            full: callbacks::Full::default(),
            renewals: Semaphore::new(callbacks::RENEWALS),
            people,
        })
    }

    fn routes(app: &Arc<Self>) -> tonic::service::Routes {
        tonic::service::Routes::new(IntentServiceServer::new(api::Api(app.clone())))
            .add_service(CredentialServiceServer::new(api::Api(app.clone())))
            .add_service(CashierServiceServer::new(api::Api(app.clone())))
            .add_service(CounterCodeServiceServer::new(api::Api(app.clone())))
            .add_service(ExceptionServiceServer::new(api::Api(app.clone())))
            .add_service(DrawerServiceServer::new(api::Api(app.clone())))
            .add_service(NoticeServiceServer::new(api::Api(app.clone())))
            .add_service(ReceiptServiceServer::new(api::Api(app.clone())))
            .add_service(ReconciliationServiceServer::new(api::Api(app.clone())))
            .add_service(RefundServiceServer::new(api::Api(app.clone())))
            .add_service(SuspenseServiceServer::new(api::Api(app.clone())))
            .add_service(TakingsServiceServer::new(api::Api(app.clone())))
            .add_service(RedirectionServiceServer::new(api::Api(app.clone())))
            .add_service(TransferServiceServer::new(api::Api(app.clone())))
            .add_service(VerificationServiceServer::new(api::Api(app.clone())))
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        reactions::subscriptions()
    }

    fn tasks() -> Vec<TaskKind<Self>> {
        reactions::tasks()
    }

    fn standing() -> Vec<&'static str> {
        use reactions::kinds;
        vec![
            kinds::PLAN_BILLS,
            kinds::FORGET_COUNTS,
            kinds::FORGET_REFUSED,
            kinds::COUNT_VERIFICATIONS,
        ]
    }

    fn checks() -> Vec<platform::Check> {
        store::checks::checks()
    }

    fn tallies() -> Vec<platform::Tally> {
        store::checks::tallies()
    }

    fn listeners(app: &Arc<Self>) -> Vec<Listener> {
        vec![callbacks::listener(app)]
    }
}

pub fn run_blocking() -> ExitCode {
    platform::run_blocking::<App>()
}
