//! The organisation, staff and their grants, people and their personal data,
//! cards and what is left of them, and visits.
//!
//! `api` answers calls, one file a call. `reactions` does the work that waits,
//! one file each. `domain` decides and knows nothing else. `store` has the only
//! SQL. `facts` says what others learn. Each of them has a folder for each
//! aggregate: organisation, staff, people, cards, checkins, challenges, imports.

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use platform::{Platform, Service, TaskKind};
use proto::studio::members::v1::card_service_server::CardServiceServer;
use proto::studio::members::v1::challenge_service_server::ChallengeServiceServer;
use proto::studio::members::v1::check_in_service_server::CheckInServiceServer;
use proto::studio::members::v1::dev_issuer_service_server::DevIssuerServiceServer;
use proto::studio::members::v1::import_service_server::ImportServiceServer;
use proto::studio::members::v1::organisation_service_server::OrganisationServiceServer;
use proto::studio::members::v1::people_service_server::PeopleServiceServer;
use proto::studio::members::v1::staff_service_server::StaffServiceServer;
use proto::studio::members::v1::token_service_server::TokenServiceServer;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

mod api;
mod config;
pub mod domain;
mod facts;
mod identity;
mod meters;
mod reactions;
pub mod store;

/// Members, put together.
pub struct App {
    pub platform: Platform,
    pub settings: config::Settings,
    /// Who vouches for staff.
    pub issuers: identity::Issuers,
}

impl Deref for App {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl Service for App {
    type Config = config::Config;
    const NAME: &'static str = "members";
    const CONFIG: &'static str = include_str!("../config.toml");

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    async fn build(platform: Platform, config: Self::Config) -> anyhow::Result<Self> {
        let dev = if config.dev_issuer.enabled {
            tracing::warn!("the development issuer is switched on: anybody can be anybody here");
            let key = &config.dev_issuer.key_file;
            let key = (!key.as_os_str().is_empty()).then_some(key.as_path());
            Some(identity::DevIssuer::open(key)?)
        } else {
            None
        };
        let issuers = identity::Issuers::open(&config.issuers, dev)?;
        Ok(Self {
            settings: config.settings()?,
            issuers,
            platform,
        })
    }

    fn routes(app: &Arc<Self>) -> Routes {
        let api = || api::Api(app.clone());
        Routes::new(OrganisationServiceServer::new(api()))
            .add_service(StaffServiceServer::new(api()))
            .add_service(TokenServiceServer::new(api()))
            .add_service(DevIssuerServiceServer::new(api()))
            .add_service(ChallengeServiceServer::new(api()))
            .add_service(PeopleServiceServer::new(api()))
            .add_service(CardServiceServer::new(api()))
            .add_service(CheckInServiceServer::new(api()))
            .add_service(ImportServiceServer::new(api()))
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

/// Runs members until it is told to stop.
pub fn run_blocking() -> ExitCode {
    platform::run_blocking::<App>()
}
