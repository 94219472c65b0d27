//! A Redis of one's own, to be emptied and killed.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

#[derive(Debug)]
pub struct Redis {
    pub address: SocketAddr,
    process: Option<Child>,
}

impl Redis {
    pub async fn start() -> Result<Self> {
        let mut redis = Self {
            address: testkit::free_port()?,
            process: None,
        };
        redis.begin().await?;
        Ok(redis)
    }

    /// Starts it, empty, where it was before.
    pub async fn begin(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut server = Command::new("redis-server");
        server.args(["--bind", "127.0.0.1", "--port", &self.address.port().to_string()]);
        server.args(["--save", "", "--appendonly", "no", "--dir", "/tmp"]);
        server
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.process = Some(server.kill_on_drop(true).spawn().context("redis-server")?);
        for _ in 0..100 {
            if self.say("PING").await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("Redis does not answer")
    }

    pub async fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill().await?;
        }
        Ok(())
    }

    /// Forgets everything.
    pub async fn flush(&self) -> Result<()> {
        self.say("FLUSHALL").await
    }

    async fn say(&self, word: &str) -> Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(format!("{word}\r\n").as_bytes()).await?;
        let mut answer = [0; 1];
        stream.read_exact(&mut answer).await?;
        anyhow::ensure!(answer == *b"+", "Redis refuses {word}");
        Ok(())
    }
}
