//! Tells members and departments what happened.
//!
//! `reactions` turns facts of the other services into notices, `queue` writes
//! a message for each channel of a notice, `reactions::send_mail` sends them,
//! `api` shows them. The texts are the files under `templates/`.

mod api;
pub mod config;
pub mod domain;
mod facts;
mod mail;
mod queue;
mod reactions;
mod store;

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use platform::{Peer, Platform, Subscription, TaskKind};
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::challenge_service_client::ChallengeServiceClient;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::notifications::v1 as pb;
use proto::studio::orders::v1::order_service_client::OrderServiceClient;

use crate::api::Api;
use crate::config::Config;
use crate::domain::template::Templates;
use crate::mail::Mailer;

pub struct App {
    platform: Platform,
    people: PeopleServiceClient<Peer>,
    challenges: ChallengeServiceClient<Peer>,
    cards: CardServiceClient<Peer>,
    orders: OrderServiceClient<Peer>,
    mailer: Mailer,
    templates: Templates,
    config: Config,
}

impl Deref for App {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl platform::Service for App {
    type Config = Config;
    const NAME: &'static str = "notifications";
    const CONFIG: &'static str = include_str!("../config.toml");

    fn migrations() -> sqlx::migrate::Migrator {
        sqlx::migrate!("./migrations")
    }

    async fn build(platform: Platform, config: Config) -> anyhow::Result<Self> {
        let members = platform.peer("members")?;
        Ok(Self {
            people: PeopleServiceClient::new(members.clone()),
            challenges: ChallengeServiceClient::new(members.clone()),
            cards: CardServiceClient::new(members),
            orders: OrderServiceClient::new(platform.peer("orders")?),
            mailer: Mailer::new(&config.smtp)?,
            templates: Templates::read()?,
            platform,
            config,
        })
    }

    fn routes(app: &Arc<Self>) -> tonic::service::Routes {
        tonic::service::Routes::new(pb::inbox_service_server::InboxServiceServer::new(
            Api(app.clone()),
        ))
        .add_service(pb::delivery_service_server::DeliveryServiceServer::new(Api(
            app.clone()
        )))
        .add_service(pb::board_service_server::BoardServiceServer::new(
            Api(app.clone()),
        ))
        .add_service(pb::template_service_server::TemplateServiceServer::new(Api(
            app.clone()
        )))
        .add_service(pb::send_service_server::SendServiceServer::new(Api(app.clone())))
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        vec![
            Subscription::to("members", reactions::members::react),
            Subscription::to("orders", reactions::orders::react),
            Subscription::to("payments", reactions::payments::react),
            Subscription::to("wallet", reactions::wallet::react),
            Subscription::to("refunds", reactions::refunds::react),
        ]
    }

    fn tasks() -> Vec<TaskKind<Self>> {
        vec![
            TaskKind::new(queue::SEND_MAIL, reactions::send_mail::run),
            TaskKind::new(reactions::forget_code::KIND, reactions::forget_code::run),
            TaskKind::new(
                reactions::benefit_statement::KIND,
                reactions::benefit_statement::run,
            ),
        ]
    }

    fn checks() -> Vec<platform::Check> {
        store::checks::checks()
    }
}

pub fn run_blocking() -> ExitCode {
    platform::run_blocking::<App>()
}
