//! Two services that are there for their facts alone: one that publishes, and
//! the toy that applies what it pulls. Surgery on the publisher's database
//! does what a failover with a cut tail and a restore do.

use std::ops::Deref;
use std::sync::Arc;

use platform::{Claim, Fact, Platform, Service};
use proto::studio::access::v1::Role;
use proto::studio::operations::v1 as ops;
use proto::studio::operations::v1::operations_service_client::OperationsServiceClient;
use proto::studio::payments::v1::payments_event::Fact as Told;
use proto::studio::payments::v1::{AttemptOpened, IntentExpired, PaymentsEvent};
use testkit::{At, Door, Running};
use uuid::Uuid;

use crate::toy::{Toy, command, done, staff};

pub struct Source(Platform);

impl Deref for Source {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.0
    }
}

impl Service for Source {
    type Config = std::collections::BTreeMap<String, String>;
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
}

pub struct Pair {
    pub source: Running<Source>,
    pub toy: Running<Toy>,
}

pub fn opened() -> PaymentsEvent {
    PaymentsEvent {
        fact: Some(Told::AttemptOpened(AttemptOpened::default())),
    }
}

pub fn expired() -> PaymentsEvent {
    PaymentsEvent {
        fact: Some(Told::IntentExpired(IntentExpired::default())),
    }
}

/// Publishes a fact about `aggregate` and numbers it.
pub async fn tell(source: &Running<Source>, aggregate: Uuid, version: i64, event: PaymentsEvent) {
    let Claim::Fresh(mut tx) = source.app().claim(&staff(&[]), &command("x")).await.unwrap() else {
        panic!("claimed before")
    };
    tx.publish(Fact::new(aggregate, version, event)).await.unwrap();
    done(tx).await.unwrap();
    source.sequence().await.unwrap();
}

/// What operations of a service are asked by the person of that post.
pub fn operations<S: Service>(it: &Running<S>) -> OperationsServiceClient<Door> {
    OperationsServiceClient::new(it.as_staff(Role::Operations, At::Everywhere))
}

/// As [`operations`], by another person.
pub fn colleague<S: Service>(it: &Running<S>) -> OperationsServiceClient<Door> {
    let posts = [(Role::Operations, At::Everywhere)];
    OperationsServiceClient::new(it.door(testkit::Identity::posts(kernel::PersonId::fresh(), &posts)))
}

impl Pair {
    pub async fn start() -> Self {
        Self::start_with_attempts(1).await
    }

    /// With a follower that parks what failed so often.
    pub async fn start_with_attempts(attempts: u32) -> Self {
        let source = Running::<Source>::start().await;
        let toy = follower_with_attempts(&source, attempts).await;
        Self { source, toy }
    }

    /// Publishes a fact about something new.
    pub async fn news(&self) -> Uuid {
        let about = kernel::fresh_uuid();
        tell(&self.source, about, 1, opened()).await;
        about
    }

    /// Publishes `n` facts, each about something else.
    pub async fn many(&self, n: usize) -> Vec<Uuid> {
        let mut about = Vec::new();
        for _ in 0..n {
            about.push(self.news().await);
        }
        about
    }

    /// Pulls once. False when nothing came.
    pub async fn pull(&self) -> Result<bool, platform::Error> {
        let subscriptions = Toy::subscriptions();
        let payments = subscriptions.iter().find(|s| s.source == "payments").unwrap();
        Ok(payments.pull_once(self.toy.app(), 0).await? > 0)
    }

    /// Pulls until nothing comes. Fails while the source is quarantined.
    pub async fn flow(&self) -> Result<(), platform::Error> {
        for _ in 0..100 {
            if !self.pull().await? {
                return Ok(());
            }
        }
        panic!("facts without end");
    }

    /// What was applied, in order.
    pub async fn applied(&self) -> Vec<Uuid> {
        sqlx::query_scalar("select about from notes order by note_id")
            .fetch_all(self.toy.pool())
            .await
            .unwrap()
    }

    /// Gives the stream up as another process does that found a divergence.
    /// Answers how many facts were applied until then: while this holds the
    /// cursor, nobody applies any.
    pub async fn find_divergence(&self) -> usize {
        let mut tx = self.toy.pool().begin().await.unwrap();
        let found =
            sqlx::query("update cursors set state = 'diverged', why = 'told' where source = 'payments'");
        assert_eq!(found.execute(&mut *tx).await.unwrap().rows_affected(), 1);
        let applied: i64 = sqlx::query_scalar("select count(*) from notes")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        usize::try_from(applied).unwrap()
    }

    pub async fn numbers_one_by_one(&self) {
        let split = sqlx::raw_sql(testkit::ONE_BY_ONE);
        split.execute(self.source.pool()).await.unwrap();
    }

    /// The source loses its facts after a position, as an asynchronous standby
    /// that is promoted.
    pub async fn cut_after(&self, seq: i64) {
        self.numbers_one_by_one().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "delete from feed_runs where first_seq > {seq}; delete from outbox where id not in (select first_id from feed_runs)"
        )))
        .execute(self.source.pool())
        .await
        .unwrap();
    }

    pub async fn divergences(&self) -> Vec<ops::Divergence> {
        operations(&self.toy)
            .list_divergences(ops::ListDivergencesRequest::default())
            .await
            .unwrap()
            .into_inner()
            .divergences
    }

    /// The one that waits for persons.
    pub async fn open(&self) -> ops::Divergence {
        let mut all = self.divergences().await;
        all.retain(|d| d.closed_at.is_none());
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    pub async fn cursor(&self) -> ops::Cursor {
        let status = operations(&self.toy)
            .get_feed_status(ops::GetFeedStatusRequest {})
            .await
            .unwrap()
            .into_inner();
        status.cursors.into_iter().next().unwrap()
    }
}

/// A toy that pulls the facts of `source`.
pub async fn follower(source: &Running<Source>) -> Running<Toy> {
    follower_with_attempts(source, 1).await
}

async fn follower_with_attempts(source: &Running<Source>, attempts: u32) -> Running<Toy> {
    Running::<Toy>::start_with(&format!(
        "peers.payments = '{}'\ntasks.attempts = {attempts}",
        source.address()
    ))
    .await
}

pub fn propose(divergence: &ops::Divergence) -> ops::ProposeResumptionRequest {
    ops::ProposeResumptionRequest {
        request_id: kernel::fresh_uuid().to_string(),
        divergence_id: divergence.divergence_id.clone(),
        version: divergence.version,
        reason: "the standby was behind; what followed is put right by hand".to_owned(),
    }
}

pub fn resume(divergence: &ops::Divergence) -> ops::ResumeFeedRequest {
    ops::ResumeFeedRequest {
        request_id: kernel::fresh_uuid().to_string(),
        divergence_id: divergence.divergence_id.clone(),
        version: divergence.version,
    }
}
