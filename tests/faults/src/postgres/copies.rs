//! Copies of a cluster: one that follows it, and one that begins again from
//! an earlier time.

use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::process::Child;

use super::{Cluster, SUPERUSER, program, send, server_user};
use crate::patience::until_so;

/// The name under which a standby is known to its primary.
pub const STANDBY: &str = "standby";

/// With these a cluster is started whose log is to be archived; until it is
/// told where to, it keeps it.
pub const ARCHIVING: [&str; 2] = ["archive_mode = on", "archive_command = ''"];

/// A base backup: the files of a cluster as they were at one time.
#[derive(Debug)]
pub struct Backup {
    folder: PathBuf,
    password: String,
}

impl Cluster {
    /// A base backup of a cluster that runs, taken into `folder`.
    pub async fn back_up(&self, folder: PathBuf) -> Result<Backup> {
        std::fs::create_dir_all(&folder)?;
        if let Some((user, group)) = server_user()? {
            chown(&folder, Some(user), Some(group))?;
        }
        let mut copy = program("pg_basebackup")?;
        copy.args(["-h", "127.0.0.1", "-U", SUPERUSER, "-X", "stream", "-c", "fast"]);
        copy.arg("--no-sync")
            .arg("-p")
            .arg(self.address.port().to_string());
        let made = copy.arg("-D").arg(folder.join("data")).output().await?;
        if !made.status.success() {
            bail!("pg_basebackup: {}", String::from_utf8_lossy(&made.stderr));
        }
        Ok(Backup {
            folder,
            password: self.password.clone(),
        })
    }

    /// A standby of this cluster, which hears of it by `line`. It runs when
    /// this returns, and has everything that this one had when it was asked.
    pub async fn standby(&self, line: SocketAddr, folder: PathBuf, settings: &[&str]) -> Result<Self> {
        let mut standby = self.back_up(folder).await?.cluster()?;
        let primary = format!(
            "primary_conninfo = 'host={} port={} user={SUPERUSER} application_name={STANDBY}'",
            line.ip(),
            line.port()
        );
        let settings: Vec<&str> = settings.iter().copied().chain([primary.as_str()]).collect();
        standby.configure(&settings)?;
        std::fs::write(standby.folder.join("data/standby.signal"), "")?;
        standby.start().await?;
        let follows = format!("the standby follows; see {}", standby.log().display());
        until_so(&follows, async || self.is_followed().await).await?;
        Ok(standby)
    }

    async fn is_followed(&self) -> Result<bool> {
        let mut connection = self.connect().await?;
        let follows = sqlx::query_scalar(
            "select exists (select from pg_stat_replication where application_name = $1 and state = 'streaming'
                            and replay_lsn >= pg_current_wal_insert_lsn() - 65536::numeric)",
        );
        Ok(follows.bind(STANDBY).fetch_one(&mut connection).await?)
    }

    /// The superuser, where no service is.
    pub async fn connect(&self) -> Result<PgConnection> {
        Ok(self.options("postgres").connect().await?)
    }

    /// Makes it a primary, and waits until it is one.
    pub async fn promote(&self) -> Result<()> {
        let mut connection = self.connect().await?;
        let promoted: bool = sqlx::query_scalar("select pg_promote(true, 60)")
            .fetch_one(&mut connection)
            .await?;
        anyhow::ensure!(
            promoted,
            "the standby does not take over; see {}",
            self.log().display()
        );
        Ok(connection.close().await?)
    }

    /// Waits until a cluster that recovers takes writes.
    pub async fn recovered(&self) -> Result<()> {
        let ends = format!("it ends its recovery; see {}", self.log().display());
        until_so(&ends, async || {
            let mut connection = self.connect().await?;
            let ended = sqlx::query_scalar("select not pg_is_in_recovery()");
            Ok(ended.fetch_one(&mut connection).await?)
        })
        .await
    }

    /// Reads its settings again, after they were written.
    pub fn reload(&self) -> Result<()> {
        send(self.process.as_ref().context("it does not run")?, Signal::HUP)
    }
}

impl Cluster {
    /// Keeps every segment of the log in `folder` from now on. The cluster was
    /// started with [`ARCHIVING`].
    pub fn archive(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        if let Some((user, group)) = server_user()? {
            chown(folder, Some(user), Some(group))?;
        }
        let command = format!("archive_command = 'cp %p {}/%f'", folder.display());
        self.configure(&[ARCHIVING[0], &command])?;
        self.reload()
    }

    /// The time by this cluster's clock, with every commit before it on its
    /// way to the archive.
    pub async fn now(&self) -> Result<String> {
        let mut connection = self.connect().await?;
        let now = sqlx::query_scalar("select clock_timestamp()::text");
        Ok(now.fetch_one(&mut connection).await?)
    }

    /// Waits until everything so far is in the archive.
    pub async fn archived(&self) -> Result<()> {
        let mut connection = self.connect().await?;
        let last: String = sqlx::query_scalar("select pg_walfile_name(pg_switch_wal())")
            .fetch_one(&mut connection)
            .await?;
        let archived = format!("{last} is archived; see {}", self.log().display());
        until_so(&archived, async || {
            let kept =
                sqlx::query_scalar("select coalesce(last_archived_wal >= $1, false) from pg_stat_archiver");
            Ok(kept.bind(&last).fetch_one(&mut connection).await?)
        })
        .await
    }
}

impl Backup {
    /// A cluster that is as this one was at that time, by the backup and the
    /// archive. It takes writes when this returns.
    pub async fn restore(self, archive: &Path, time: &str) -> Result<Cluster> {
        let mut cluster = self.cluster()?;
        let restore = format!("restore_command = 'cp {}/%f %p'", archive.display());
        let target = format!("recovery_target_time = '{time}'");
        cluster.configure(&[&restore, &target, "recovery_target_action = 'promote'"])?;
        std::fs::write(cluster.folder.join("data/recovery.signal"), "")?;
        cluster.start().await?;
        cluster.recovered().await?;
        Ok(cluster)
    }

    /// A cluster of these files, which does not run yet.
    pub fn cluster(self) -> Result<Cluster> {
        Ok(Cluster {
            folder: self.folder,
            address: testkit::free_port()?,
            password: self.password,
            process: None,
        })
    }
}

/// The processes that a process has started.
pub(super) fn children(parent: &Child) -> Vec<Pid> {
    let Some(parent) = parent.id() else {
        return Vec::new();
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let id: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // After the name, which may hold anything: state, parent.
            let its: u32 = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
            (its == parent).then(|| Pid::from_raw(id)).flatten()
        })
        .collect()
}
