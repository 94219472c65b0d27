//! What other implementations signed, sealed and published, a file each: how the
//! files of a folder are read and told of. Whose code is held against them
//! brings its own checks.

pub mod altered;
mod file;
pub mod gcm;
mod no_flow;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

pub use file::{Case, Differs, Vector, same};

/// What became of a file whose checks all hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// On the code that is held against it.
    Ok,
    /// On code for tests alone: no flow of ours needs it.
    NoFlow,
}

/// Holds one case against somebody's code.
pub type Check = fn(Case<'_>) -> Result<()>;
/// The check for a channel and a kind, where there is one.
pub type Checks = fn(&str, &str) -> Option<Check>;

/// The folder that STUDIO_CHANNEL_VECTORS names, or ours.
pub fn folder() -> PathBuf {
    std::env::var_os("STUDIO_CHANNEL_VECTORS").map_or_else(ours, PathBuf::from)
}

/// The folder of this repository.
pub fn ours() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../payments/vectors")
}

/// The vectors in a folder, by name.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = listed
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    ensure!(!files.is_empty(), "no vector in {}", folder.display());
    Ok(files)
}

/// Reads one file.
pub fn read(path: &Path) -> Result<Vector> {
    Vector::parse(&std::fs::read_to_string(path).context("not readable")?)
}

/// Checks one file.
pub fn check(checks: Checks, vector: &Vector) -> Result<Held> {
    let (channel, kind) = (vector.channel()?, vector.kind()?);
    if let Some(check) = no_flow::check(kind) {
        vector.each(check)?;
        return Ok(Held::NoFlow);
    }
    let check = checks(channel, kind).with_context(|| format!("unknown kind {kind} of channel {channel}"))?;
    vector.each(check)?;
    Ok(Held::Ok)
}

/// Checks every file and tells a line of each. How many do not hold.
pub fn run(folder: &Path, checks: Checks, mut tell: impl FnMut(String)) -> Result<usize> {
    let mut failed = 0;
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        tell(match read(&path).and_then(|vector| check(checks, &vector)) {
            Ok(Held::Ok) => format!("{name}: ok"),
            Ok(Held::NoFlow) => format!("{name}: no flow"),
            Err(why) => {
                failed += 1;
                format!("{name}: failed: {why:#}")
            }
        });
    }
    Ok(failed)
}
