//! The adapters against what other implementations signed, sealed and
//! published: every file of a folder, by what it says of itself. The folder is
//! `vectors/`, or the one that STUDIO_CHANNEL_VECTORS names. Each file names where
//! it comes from; the keys in them are published test keys.

#![cfg(test)]

mod alipay;
mod bills;
mod file;
mod harness;
mod no_flow;
mod wechat;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use file::{Held, Vector};

fn check(vector: &Vector) -> Result<Held> {
    if let Some(held) = no_flow::check(vector)? {
        return Ok(held);
    }
    match vector.channel()? {
        "wechat" => wechat::check(vector),
        "alipay" => alipay::check(vector),
        other => bail!("unknown kind {} of channel {other}", vector.kind()?),
    }
}

fn check_file(path: &Path) -> Result<Held> {
    let text = std::fs::read_to_string(path).context("not readable")?;
    check(&Vector::parse(&text)?)
}

/// The vectors in a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = listed
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    ensure!(!files.is_empty(), "no vector in {}", folder.display());
    Ok(files)
}

/// Checks every file and prints a line for each. How many do not hold.
fn run(folder: &Path, mut print: impl FnMut(String)) -> Result<usize> {
    let mut failed = 0;
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        print(match check_file(&path) {
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

fn folder() -> PathBuf {
    std::env::var_os("STUDIO_CHANNEL_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"),
        PathBuf::from,
    )
}

#[test]
fn every_vector_of_the_folder_holds() {
    let failed = run(&folder(), |line| println!("{line}")).unwrap();
    assert_eq!(failed, 0, "vectors that do not hold");
}
