//! Where a run keeps what it makes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

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
