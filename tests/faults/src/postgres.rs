//! A PostgreSQL cluster of one's own, to be stopped and killed. What a commit
//! promised was handed to the kernel, which outlives every process that is
//! killed here; that the disk has it too would only be seen by a power cut.

mod copies;

use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, getuid, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::patience::PATIENCE;

pub use copies::{ARCHIVING, Backup};

/// Only the superuser proves a password: processes that are killed all the time
/// connect all the time, and the proof costs an unoptimised build much.
const WHO: &str = "\
host all studio 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
";

/// The superuser of the clusters.
const SUPERUSER: &str = "studio";

/// One server with its files.
#[derive(Debug)]
pub struct Cluster {
    pub folder: PathBuf,
    pub address: SocketAddr,
    password: String,
    process: Option<Child>,
}

impl Cluster {
    /// Makes the files of a cluster below `folder`; it does not run yet.
    /// Settings are lines of `postgresql.conf`.
    pub async fn create(folder: PathBuf, settings: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let password = kernel::fresh_uuid().simple().to_string();
        std::fs::write(folder.join("password"), &password)?;
        if let Some((user, group)) = server_user()? {
            chown(&folder, Some(user), Some(group))?;
            chown(folder.join("password"), Some(user), Some(group))?;
        }
        let mut initdb = program("initdb")?;
        let arguments = [
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
            "--auth=scram-sha-256",
        ];
        initdb
            .args(arguments)
            .arg("--pwfile")
            .arg(folder.join("password"));
        let made = initdb.arg("-D").arg(folder.join("data")).output().await?;
        if !made.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&made.stderr));
        }
        let cluster = Self {
            address: testkit::free_port()?,
            folder,
            password,
            process: None,
        };
        std::fs::write(cluster.folder.join("data/pg_hba.conf"), WHO)?;
        cluster.configure(settings)?;
        Ok(cluster)
    }

    /// Writes what the server is told, over what it was told before.
    pub fn configure(&self, settings: &[&str]) -> Result<()> {
        let port = format!("port = {}", self.address.port());
        let fixed = [
            "listen_addresses = '127.0.0.1'",
            "unix_socket_directories = ''",
            "timezone = 'UTC'",
        ];
        let more = [
            "jit = off",
            "max_connections = 300",
            "shared_buffers = 128MB",
            "log_checkpoints = off",
            "fsync = off",
        ];
        let lines: Vec<&str> = [port.as_str()]
            .iter()
            .chain(&fixed)
            .chain(&more)
            .chain(settings)
            .copied()
            .collect();
        std::fs::write(
            self.folder.join("data/postgresql.auto.conf"),
            lines.join("\n") + "\n",
        )?;
        Ok(())
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.process.is_none() {
                self.process = Some(self.spawn()?);
            }
            if self.answers().await {
                return Ok(());
            }
            // One that follows a killed one has to wait until its last children are gone.
            if let Some(process) = &mut self.process
                && process.try_wait()?.is_some()
            {
                self.process = None;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("PostgreSQL does not start; see {}", self.log().display())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn spawn(&self) -> Result<Child> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())?;
        let mut server = program("postgres")?;
        server.arg("-D").arg(self.folder.join("data"));
        server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        server.kill_on_drop(true).spawn().context("postgres")
    }

    async fn answers(&self) -> bool {
        let options = self.options("postgres");
        match tokio::time::timeout(Duration::from_secs(2), options.connect()).await {
            Ok(Ok(connection)) => connection.close().await.is_ok(),
            _ => false,
        }
    }

    /// The superuser's way into a database.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new()
            .host(&self.address.ip().to_string())
            .port(self.address.port())
            .username(SUPERUSER)
            .password(&self.password)
            .database(database)
    }

    /// Ends it at once and without a checkpoint, as `pg_ctl -m immediate` does.
    pub async fn stop_immediately(&mut self) -> Result<()> {
        self.end(Signal::QUIT).await
    }

    /// Kills the postmaster; its children notice and go.
    pub async fn kill(&mut self) -> Result<()> {
        self.end(Signal::KILL).await
    }

    /// Kills the postmaster and all its children at the same moment, as when
    /// the machine goes.
    pub async fn vanish(&mut self) -> Result<()> {
        let children = self.process.as_ref().map_or_else(Vec::new, copies::children);
        if let Some(process) = &self.process {
            send(process, Signal::KILL)?;
        }
        for child in children {
            // One that has ended meanwhile needs no kill.
            let _gone = kill_process(child, Signal::KILL);
        }
        self.end(Signal::KILL).await
    }

    /// Ends it in order.
    pub async fn stop(&mut self) -> Result<()> {
        self.end(Signal::INT).await
    }

    async fn end(&mut self, signal: Signal) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            send(&process, signal)?;
            process.wait().await?;
        }
        Ok(())
    }
}

/// Sends a signal to a process that this one started.
pub(crate) fn send(process: &Child, signal: Signal) -> Result<()> {
    let id = process
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    kill_process(id.context("the process has ended")?, signal)?;
    Ok(())
}

/// One of PostgreSQL's programs, as the user who may run it.
pub fn program(name: &str) -> Result<Command> {
    let folder =
        programs().context("PostgreSQL's programs are not found; say: eval \"$(deploy/local/env)\"")?;
    let mut command = Command::new(folder.join(name));
    command.current_dir("/");
    if let Some(libraries) = told("STUDIO_POSTGRES_LIBRARIES") {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    if let Some((user, group)) = server_user()? {
        command.uid(user).gid(group);
    }
    Ok(command)
}

fn programs() -> Option<PathBuf> {
    let path = told("PATH").unwrap_or_default();
    let told = told("STUDIO_POSTGRES_BIN").map(PathBuf::from);
    let mut packaged: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    packaged.sort();
    let found = std::env::split_paths(&path).chain(packaged.into_iter().rev());
    told.into_iter().chain(found).find(|folder| is_whole(folder))
}

fn is_whole(folder: &Path) -> bool {
    folder.join("initdb").exists() && folder.join("postgres").exists()
}

#[expect(
    clippy::disallowed_methods,
    reason = "deploy/local/env tells where the programs are"
)]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// PostgreSQL refuses to run as root: then it runs as somebody else.
fn server_user() -> Result<Option<(u32, u32)>> {
    if !getuid().is_root() {
        return Ok(None);
    }
    let known = std::fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = known.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map_while(|field| field.parse().ok());
        Some((fields.next()?, fields.next()?))
    };
    Ok(Some(
        ids("postgres")
            .or_else(|| ids("nobody"))
            .context("nobody may run PostgreSQL")?,
    ))
}
