//! Where a run keeps what it makes, and the ports that nobody uses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rand::Rng as _;

/// A folder for one run: logs, configuration, the history. It stays when the
/// run failed and goes when it passed.
#[derive(Debug)]
pub struct Place(PathBuf);

impl Place {
    pub fn new(suite: &str) -> Result<Self> {
        let name = format!("studio-faults-{suite}-{}", kernel::fresh_uuid().simple());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        // PostgreSQL runs as another user when this one is root.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
        println!("{suite}: what is left of it lies in {}", folder.display());
        Ok(Self(folder))
    }

    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking()
            && let Err(error) = std::fs::remove_dir_all(&self.0)
        {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

/// A port that was free a moment ago, above the services' own and below the
/// kernel's range for outgoing calls: a process that is started again has to
/// find it free.
pub fn free_port() -> Result<SocketAddr> {
    let mut chance = rand::rng();
    (0..200)
        .map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, chance.random_range(20_000..32_000))))
        .find(|address| TcpListener::bind(address).is_ok())
        .context("no port is free")
}
