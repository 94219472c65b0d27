//! One service as a process: started, paused, killed, started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use tokio::process::{Child, Command};

use crate::patience::until_so;
use crate::postgres::send;

#[derive(Debug)]
pub struct Process {
    pub name: &'static str,
    pub grpc: SocketAddr,
    metrics: SocketAddr,
    program: PathBuf,
    config: PathBuf,
    log: PathBuf,
    /// What the next start finds in its environment.
    pub environment: Vec<(String, String)>,
    child: Option<Child>,
}

impl Process {
    pub fn new(
        name: &'static str,
        grpc: SocketAddr,
        metrics: SocketAddr,
        program: &Path,
        folder: &Path,
    ) -> Self {
        Self {
            name,
            grpc,
            metrics,
            program: if program.is_dir() {
                program.join(name)
            } else {
                program.to_owned()
            },
            config: folder.join(format!("{name}.toml")),
            log: folder.join(format!("{name}.log")),
            environment: Vec::new(),
            child: None,
        }
    }

    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// Its number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Where its settings are read from.
    pub fn config(&self) -> &Path {
        &self.config
    }

    fn command(&self, what: &str) -> Result<Command> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let mut command = Command::new(&self.program);
        command
            .arg0(self.name)
            .arg(what)
            .arg("--config")
            .arg(&self.config);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        Ok(command)
    }

    /// Brings its schema up to date.
    pub async fn migrate(&self) -> Result<()> {
        let ended = self.command("migrate")?.status().await?;
        anyhow::ensure!(
            ended.success(),
            "{} cannot be migrated; see {}",
            self.name,
            self.log.display()
        );
        Ok(())
    }

    /// Starts it unless it runs.
    pub fn start(&mut self) -> Result<()> {
        if self.child.is_none() {
            let mut command = self.command("serve")?;
            command.envs(self.environment.iter().cloned());
            self.child = Some(command.spawn().context(self.name)?);
        }
        Ok(())
    }

    /// As `kill -9`.
    pub async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Tells it to stop in order, and waits until it has.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            send(&child, Signal::TERM)?;
            child.wait().await?;
        }
        Ok(())
    }

    /// Stands still until [`Process::go_on`], with everything it has in hand.
    pub fn pause(&self) -> Result<()> {
        self.child
            .as_ref()
            .map_or(Ok(()), |child| send(child, Signal::STOP))
    }

    pub fn go_on(&self) -> Result<()> {
        self.child
            .as_ref()
            .map_or(Ok(()), |child| send(child, Signal::CONT))
    }

    /// Whether it ended by itself, and how.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let ended = self.child.as_mut().map_or(Ok(None), Child::try_wait)?;
        if ended.is_some() {
            self.child = None;
        }
        Ok(ended)
    }

    /// Whether it says that it serves.
    pub async fn is_ready(&self) -> bool {
        let asked = reqwest::Client::new()
            .get(format!("http://{}/readyz", self.metrics))
            .timeout(Duration::from_secs(1))
            .send();
        asked.await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Waits until it serves.
    pub async fn ready(&self) -> Result<()> {
        let serves = format!("{} serves; see {}", self.name, self.log.display());
        until_so(&serves, async || Ok(self.is_ready().await)).await
    }
}
