//! A caller goes away while BEGIN is on its way. The connection then has a
//! transaction of which the driver knows nothing; without the remedy in
//! `platform::database` the next write joins it, is acknowledged, and is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::FutureExt as _;
use platform::config::{Database as Settings, Maybe, SecretUrl};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use testkit::database::Database;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_acknowledged_after_a_cancelled_begin_is_there() {
    let database = Database::create("faults", &platform::all_migrations(Migrator::DEFAULT))
        .await
        .unwrap();
    let admin = database.superuser().await.unwrap();
    sqlx::raw_sql("create table acknowledged (n bigint primary key); grant all on acknowledged to public")
        .execute(&admin)
        .await
        .unwrap();
    let pool = platform::database::pool(&settings(&database), 2).unwrap();

    let numbers = Arc::new(AtomicI64::new(0));
    let rounds = 2_500 * super::scale();
    let mut chance = super::chance("cancelled begin");
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let seeded = StdRng::seed_from_u64(chance.random());
        workers.spawn(work(pool.clone(), numbers.clone(), rounds, seeded));
    }
    let acknowledged: Vec<i64> = workers.join_all().await.into_iter().flatten().collect();
    pool.close().await;

    let kept: Vec<i64> = sqlx::query_scalar("select n from acknowledged")
        .fetch_all(&admin)
        .await
        .unwrap();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|n| !kept.contains(n))
        .take(5)
        .collect();
    assert!(
        acknowledged.len() > rounds,
        "too few writes got through to say anything: {}",
        acknowledged.len()
    );
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?} …");
}

/// Cancels a BEGIN at a random step, then writes, again and again. Returns
/// what was acknowledged.
async fn work(pool: PgPool, numbers: Arc<AtomicI64>, rounds: usize, mut chance: StdRng) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    for _ in 0..rounds {
        let mut begin = Box::pin(pool.begin());
        for _ in 0..chance.random_range(1..4) {
            if begin.as_mut().now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begin);
        let n = numbers.fetch_add(1, Ordering::Relaxed);
        let written = sqlx::query("insert into acknowledged values ($1)")
            .bind(n)
            .execute(&pool)
            .await;
        if written.is_ok() {
            acknowledged.push(n);
        }
    }
    acknowledged
}

fn settings(database: &Database) -> Settings {
    Settings {
        url: SecretUrl::new(database.runtime_url()),
        password_file: Maybe(None),
        owner_url: SecretUrl::new(database.owner_url()),
        owner_password_file: Maybe(None),
        max_connections: 2,
        background_connections: 2,
        acquire_timeout_ms: 2_000,
        statement_timeout_ms: 5_000,
        idle_in_transaction_timeout_ms: 5_000,
    }
}
