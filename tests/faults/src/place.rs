//! Where a run keeps what it makes, and the ports that nobody uses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context as _, Result};

/// A folder for one run: logs, configuration, the history. It stays when the
/// run failed and goes when it passed.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    opened: AtomicBool,
}

impl Place {
    pub fn new(suite: &str) -> Result<Self> {
        let name = format!("studio-faults-{suite}-{}", kernel::fresh_uuid().simple());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        // PostgreSQL runs as another user when this one is root.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
        println!("{suite}: what is left of it lies in {}", folder.display());
        Ok(Self {
            folder,
            opened: AtomicBool::new(false),
        })
    }

    /// From here on it stays only when a test panics.
    pub fn opened(&self) {
        self.opened.store(true, Ordering::Relaxed);
    }

    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.opened.load(Ordering::Relaxed)
            && !std::thread::panicking()
            && let Err(error) = std::fs::remove_dir_all(&self.folder)
        {
            eprintln!("{} stays behind: {error}", self.folder.display());
        }
    }
}

/// How many ports this process has tried.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port that nobody uses and that this process gives out once, above the
/// services' own and below the kernel's range for outgoing calls: a process
/// that is started again has to find it free. Houses of other processes begin
/// their search elsewhere.
pub fn free_port() -> Result<SocketAddr> {
    let first = std::process::id() % 120 * 100;
    (0..12_000)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed))
        .filter_map(|at| u16::try_from(20_000 + at % 12_000).ok())
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .context("no port is free")
}
