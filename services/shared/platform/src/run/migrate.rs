use anyhow::Context as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool};

use crate::config::Database;

/// Brings the schema up to date as its owner, and lets the runtime role use it.
pub async fn migrate(settings: &Database, migrations: &Migrator) -> anyhow::Result<()> {
    let runtime = settings.runtime()?;
    migrate_as(settings.owner()?, runtime.get_username(), migrations).await
}

async fn migrate_as(owner: PgConnectOptions, runtime: &str, migrations: &Migrator) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect_with(&owner)
        .await
        .context("connecting as the owner")?;
    // Migrators wait for each other by an advisory lock, so two at a time are harmless.
    migrations
        .run_direct(None, &mut connection, false)
        .await
        .context("changing the schema")?;
    if connection_user(&mut connection).await? != runtime {
        sqlx::query("select grant_runtime($1)")
            .bind(runtime)
            .execute(&mut connection)
            .await
            .context("granting")?;
    }
    connection.close().await?;
    Ok(())
}

async fn connection_user(connection: &mut PgConnection) -> anyhow::Result<String> {
    Ok(sqlx::query_scalar("select current_user::text")
        .fetch_one(connection)
        .await?)
}

/// Whether the schema holds everything that this program was made with. A
/// newer one is good too: each migration works with the code before it.
pub async fn schema_is_current(pool: &PgPool, migrations: &Migrator) -> Result<bool, sqlx::Error> {
    let wanted: Vec<i64> = migrations.iter().map(|m| m.version).collect();
    let missing: i64 = sqlx::query_scalar(
        "select count(*) from unnest($1) w(version) where not exists (
             select from _sqlx_migrations m where m.version = w.version and m.success)",
    )
    .bind(wanted)
    .fetch_one(pool)
    .await?;
    Ok(missing == 0)
}
