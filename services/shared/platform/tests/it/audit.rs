//! Who did what stands in a chain that nobody rewrites unnoticed, not even the
//! database's superuser.

mod chain;
mod entries;
mod reseal;
mod tamper;
mod witness;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use platform::audit::collect::Reader;
use platform::audit::seal::Keys;
use platform::audit::verify::{Evidence, Report, verify};
use platform::{Platform, Service, Subscription};
use proto::studio::access::v1::Role;
use proto::studio::members::v1::MembersEvent;
use testkit::{At, Running};

use crate::toy::{Toy, act, command, staff};

/// A second service with nothing in it, which the toy may call and hears from.
pub struct Till(Platform);

impl Deref for Till {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.0
    }
}

impl Service for Till {
    type Config = BTreeMap<String, String>;
    const NAME: &'static str = "payments";
    const CONFIG: &'static str = "[service]\n";

    fn migrations() -> sqlx::migrate::Migrator {
        sqlx::migrate!("tests/toy")
    }

    async fn build(platform: Platform, _config: Self::Config) -> anyhow::Result<Self> {
        Ok(Self(platform))
    }

    fn routes(_app: &Arc<Self>) -> tonic::service::Routes {
        tonic::service::Routes::default()
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        vec![Subscription::learning(<MembersEvent as proto::Event>::STREAM)]
    }
}

/// The toy, and the service with which it records its heads.
pub struct Two {
    pub toy: Running<Toy>,
    pub till: Running<Till>,
}

impl Two {
    pub async fn start() -> Self {
        let till = Running::<Till>::start().await;
        let toy = Running::<Toy>::start_with(&format!("[peers]\npayments = '{}'", till.address())).await;
        Self { toy, till }
    }

    /// Writes, chains, signs and has it witnessed.
    pub async fn write(&self, times: usize) {
        for n in 0..times {
            act(self.toy.app(), &staff(&[]), &command(&format!("act {n}")))
                .await
                .unwrap();
        }
        self.toy.settle().await;
    }

    pub async fn sign(&self) {
        self.toy.app().sign_head().await.unwrap().unwrap();
        self.toy.app().record_heads(0).await.unwrap();
    }

    /// Lets the toy pull the till's facts.
    pub async fn hear(&self) {
        for source in Toy::subscriptions() {
            if source.source == Till::NAME {
                source.pull_once(self.toy.app(), 0).await.unwrap();
            }
        }
    }

    /// What an operator would hold, read as an operator reads it.
    pub async fn evidence(&self) -> Evidence {
        let operations = self.till.as_staff(Role::Operations, At::Everywhere);
        let held = Reader::new(operations).witnessed("orders").await.unwrap();
        let witnessed = held
            .into_iter()
            .map(|head| ("payments".to_owned(), head))
            .collect();
        Reader::new(self.toy.as_staff(Role::Operations, At::Everywhere))
            .chain("orders", witnessed)
            .await
            .unwrap()
    }

    pub async fn report(&self) -> Report {
        verify(&self.evidence().await, Some(&keys()))
    }

    /// Runs statements as somebody whom no trigger and no grant stops.
    pub async fn as_superuser(&self, statements: &str) {
        let mut connection = self.toy.pool().acquire().await.unwrap();
        let all =
            format!("begin; set local session_replication_role = replica; {ONE_BY_ONE} {statements}; commit");
        sqlx::raw_sql(sqlx::AssertSqlSafe(all))
            .execute(&mut *connection)
            .await
            .unwrap();
    }
}

/// Each entry of the chain in a row of its own.
const ONE_BY_ONE: &str = "create temp table one_by_one as table audit_chain; delete from audit_links;
    insert into audit_links (first_seq, source, first_row, entries, layout, prev_hash, hashes, chained_at)
    select seq, source, row_id, 1, layout, prev_hash, hash, chained_at from one_by_one; drop table one_by_one;";

pub fn keys() -> Keys {
    Keys::from_folder(&testkit::house::keys().verify()).unwrap()
}
