//! Complaints and requests, closed by the member and nobody else.
//!
//! `domain::ticket` decides, `api` has a file for each call, `store` keeps the
//! tickets and their sealed history, `tell` leaves the notices to be sent.

mod api;
pub mod config;
pub mod domain;
mod facts;
mod reactions;
mod store;
mod tell;

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use kernel::{NodeId, StudioId};
use platform::{Peer, Platform, Subscription, TaskKind};
use proto::studio::notifications::v1::send_service_client::SendServiceClient;
use proto::studio::oversight::v1::ticket_service_server::TicketServiceServer;
use uuid::Uuid;

use crate::api::Api;
use crate::config::Config;

pub struct App {
    platform: Platform,
    notices: SendServiceClient<Peer>,
    config: Config,
}

impl Deref for App {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl App {
    /// A studio and what stands above it, the nearest first: where a grant
    /// reaches the studio.
    fn nodes_above(&self, studio: StudioId) -> Vec<Uuid> {
        // Bounded, so that a circle in bad data ends.
        std::iter::successors(self.organisation().node(NodeId(studio.0)), |node| {
            node.parent.and_then(|parent| self.organisation().node(parent))
        })
        .take(8)
        .map(|node| node.id.0)
        .collect()
    }
}

impl platform::Service for App {
    type Config = Config;
    const NAME: &'static str = "oversight";
    const CONFIG: &'static str = include_str!("../config.toml");

    fn migrations() -> sqlx::migrate::Migrator {
        sqlx::migrate!("./migrations")
    }

    async fn build(platform: Platform, config: Config) -> anyhow::Result<Self> {
        Ok(Self {
            notices: SendServiceClient::new(platform.peer("notifications")?),
            platform,
            config,
        })
    }

    fn routes(app: &Arc<Self>) -> tonic::service::Routes {
        tonic::service::Routes::new(TicketServiceServer::new(Api(app.clone())))
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        vec![Subscription::to("members", reactions::members::react)]
    }

    fn tasks() -> Vec<TaskKind<Self>> {
        vec![TaskKind::new(tell::SEND_NOTICE, reactions::send_notice::run)]
    }
}

pub fn run_blocking() -> ExitCode {
    platform::run_blocking::<App>()
}
