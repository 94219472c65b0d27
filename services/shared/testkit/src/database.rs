//! A database of its own for each test: cloned from a template that holds the
//! migrated schema, and used as the runtime role, so that row level security
//! binds in tests as it does in production.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::{TimeDelta, Utc};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use uuid::Uuid;

/// Password of the test roles, which exist on test servers alone.
const PASSWORD: &str = "test";
/// Databases that a killed test left behind are dropped after this.
const LEFTOVER_AFTER: TimeDelta = TimeDelta::minutes(45);

/// How long the end of a test waits for its database to go.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

/// A database that lives as long as this value.
#[derive(Debug)]
pub struct Database {
    server: PgConnectOptions,
    name: String,
    owner: String,
    runtime: String,
}

impl Database {
    /// A fresh database with the schema of `service`. The server is the one of
    /// `STUDIO_TEST_DATABASE`, the address of a superuser.
    pub async fn create(service: &str, migrations: &Migrator) -> Result<Self> {
        let server = server()?;
        let mut admin = PgConnection::connect_with(&server)
            .await
            .context("the test server does not answer")?;
        let template = template(&mut admin, &server, service, migrations).await?;
        let name = format!("studio_test_{service}_{}", kernel::fresh_uuid().simple());
        let (owner, runtime) = roles(service);
        run(
            &mut admin,
            format!("create database {name} template {template} owner {owner}"),
        )
        .await?;
        admin.close().await?;
        Ok(Self {
            server,
            name,
            owner,
            runtime,
        })
    }

    /// The address under the runtime role: what the service is told.
    pub fn runtime_url(&self) -> String {
        self.url(&self.runtime)
    }

    /// The address under the role that owns the tables.
    pub fn owner_url(&self) -> String {
        self.url(&self.owner)
    }

    fn url(&self, role: &str) -> String {
        let (host, port) = (self.server.get_host(), self.server.get_port());
        format!("postgres://{role}:{PASSWORD}@{host}:{port}/{}", self.name)
    }

    /// A pool of the superuser, whom row level security does not bind: for assertions.
    pub async fn superuser(&self) -> Result<PgPool> {
        let options = self.server.clone().database(&self.name);
        Ok(PgPoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread of its own: a test's runtime cannot be waited for from within.
        let drop_it = move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect_with(&server).await?;
                run(&mut admin, format!("drop database if exists {name} with (force)")).await
            })
        };
        let (said, done) = std::sync::mpsc::channel();
        std::thread::spawn(move || said.send(drop_it()));
        // A server under load finishes by itself; what nobody drops, the next
        // test that makes a template does.
        if let Ok(Err(error)) = done.recv_timeout(DROP_PATIENCE) {
            eprintln!("a test database stays behind: {error:#}");
        }
    }
}

/// Where the test server listens, as `127.0.0.1:5432`.
pub fn address() -> Result<String> {
    let server = server()?;
    Ok(format!("{}:{}", server.get_host(), server.get_port()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told their server by the environment alone"
)]
fn server() -> Result<PgConnectOptions> {
    let Ok(url) = std::env::var("STUDIO_TEST_DATABASE") else {
        bail!("STUDIO_TEST_DATABASE is not set; say: eval \"$(deploy/local/env)\"");
    };
    url.parse()
        .context("STUDIO_TEST_DATABASE is no address of a database")
}

fn roles(service: &str) -> (String, String) {
    (
        format!("studio_test_{service}_owner"),
        format!("studio_test_{service}_run"),
    )
}

async fn run(conn: &mut PgConnection, statement: String) -> Result<()> {
    // Names are made of a service's name, hex digits and constants.
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(conn).await?;
    Ok(())
}

/// Makes the template of exactly these migrations unless it exists.
async fn template(
    admin: &mut PgConnection,
    server: &PgConnectOptions,
    service: &str,
    migrations: &Migrator,
) -> Result<String> {
    let missing = missing_guard(service);
    let name = format!(
        "studio_tpl_{service}_{}",
        digest(migrations, missing.as_deref().unwrap_or_default())
    );
    if exists(admin, &name).await? {
        return Ok(name);
    }
    // One process makes it, the others wait; the lock ends with the connection at the latest.
    sqlx::query("select pg_advisory_lock(hashtext($1))")
        .bind("studio templates")
        .execute(&mut *admin)
        .await?;
    let made = if exists(admin, &name).await? {
        Ok(())
    } else {
        make(admin, server, service, migrations, &name, missing.as_deref()).await
    };
    sqlx::query("select pg_advisory_unlock(hashtext($1))")
        .bind("studio templates")
        .execute(&mut *admin)
        .await?;
    made.map(|()| name)
}

async fn make(
    admin: &mut PgConnection,
    server: &PgConnectOptions,
    service: &str,
    migrations: &Migrator,
    name: &str,
    missing: Option<&str>,
) -> Result<()> {
    drop_leftovers(admin).await?;
    let (owner, runtime) = roles(service);
    make_role(admin, &owner).await?;
    make_role(admin, &runtime).await?;
    // Under another name until it is whole, so that nobody clones half a schema.
    let draft = format!("{name}_draft");
    run(admin, format!("drop database if exists {draft} with (force)")).await?;
    run(
        admin,
        format!("create database {draft} owner {owner} template template0 encoding 'UTF8'"),
    )
    .await?;
    let options = server
        .clone()
        .database(&draft)
        .username(&owner)
        .password(PASSWORD);
    let mut conn = PgConnection::connect_with(&options).await?;
    migrations
        .run(&mut conn)
        .await
        .with_context(|| format!("migrating {service}"))?;
    sqlx::query("select grant_runtime($1)")
        .bind(&runtime)
        .execute(&mut conn)
        .await?;
    conn.close().await?;
    if let Some(statement) = missing {
        let mut cut = PgConnection::connect_with(&server.clone().database(&draft)).await?;
        run(&mut cut, statement.to_owned()).await?;
        cut.close().await?;
    }
    run(admin, format!("alter database {draft} rename to {name}")).await
}

/// The statement that takes a guard out of this service's schema, in a run that
/// is to show that the tests notice: `wallet: alter table …`.
#[expect(
    clippy::disallowed_methods,
    reason = "tests/guards says so to programs that know nothing of it"
)]
fn missing_guard(service: &str) -> Option<String> {
    let asked = std::env::var("STUDIO_TEST_WITHOUT").ok()?;
    let (whose, statement) = asked.split_once(": ")?;
    (whose == service).then(|| statement.to_owned())
}

async fn make_role(admin: &mut PgConnection, role: &str) -> Result<()> {
    let known: bool = sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
        .bind(role)
        .fetch_one(&mut *admin)
        .await?;
    if known {
        return Ok(());
    }
    run(
        admin,
        format!("create role {role} login nosuperuser nobypassrls password '{PASSWORD}'"),
    )
    .await
}

async fn exists(admin: &mut PgConnection, database: &str) -> Result<bool> {
    let query = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    Ok(query.bind(database).fetch_one(admin).await?)
}

/// Drops what killed tests left: a database's name holds the time it was made.
async fn drop_leftovers(admin: &mut PgConnection) -> Result<()> {
    let names: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database where datname like 'studio\\_test\\_%'")
            .fetch_all(&mut *admin)
            .await?;
    for name in names {
        let made = name
            .rsplit('_')
            .next()
            .and_then(|id| Uuid::try_parse(id).ok())
            .and_then(|id| id.get_timestamp());
        let old = made.is_some_and(|made| {
            let age = now().saturating_sub(made.to_unix().0);
            i64::try_from(age).is_ok_and(|age| age > LEFTOVER_AFTER.num_seconds())
        });
        if old {
            run(admin, format!("drop database if exists {name} with (force)")).await?;
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "compares with the machine's time inside a UUIDv7"
)]
fn now() -> u64 {
    u64::try_from(Utc::now().timestamp()).unwrap_or_default()
}

/// Sixteen hex digits that change with any migration, and with what is cut out of it.
fn digest(migrations: &Migrator, cut: &str) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for migration in migrations.iter() {
        context.update(&migration.version.to_be_bytes());
        context.update(&migration.checksum);
    }
    context.update(cut.as_bytes());
    context
        .finish()
        .as_ref()
        .iter()
        .take(8)
        .fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            write!(text, "{byte:02x}").unwrap_or_default();
            text
        })
}
