//! What the programs of this crate have in common.

use std::time::Duration;

use anyhow::Result;
use rustix::process::{Resource, Rlimit, setrlimit};
use tracing_subscriber::EnvFilter;

/// Runs a program: logs to standard error, as `RUST_LOG` says.
pub fn run(program: impl Future<Output = Result<()>>) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()?
        .block_on(program)
}

/// Reads where what is addressed to one place goes instead, as FROM=TO.
pub fn route(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .ok_or_else(|| "FROM=TO".to_owned())
}

/// Waits for SIGTERM or an interrupt from the keyboard.
pub async fn until_told() {
    let interrupt = tokio::signal::ctrl_c();
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt => {}
        () = terminate => {}
    }
}

/// For a program that dies on purpose, again and again: it leaves no core
/// behind, which nobody would read, and ends when whoever started it does.
pub fn ends_with_its_parent() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        eprintln!("a crash may leave a core behind: {error}");
    }
    std::thread::spawn(|| {
        let parent = std::os::unix::process::parent_id();
        while std::os::unix::process::parent_id() == parent {
            std::thread::sleep(Duration::from_millis(500));
        }
        std::process::abort();
    });
}
