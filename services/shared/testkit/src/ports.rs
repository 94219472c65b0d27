//! Ports for what is started by an address that has to be known before.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many ports this process has tried.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// What keeps others from the ports of this process, until it ends.
static OURS: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that nobody uses and that is given out once, above the services' own
/// and below the kernel's range for outgoing calls: a process that is started
/// again has to find it free, and no other test may have taken it meanwhile.
///
/// # Errors
/// When there is none, or no file can be locked.
pub fn free_port() -> io::Result<SocketAddr> {
    // Of each user's own: who comes second cannot write the files of the first.
    let user = std::fs::metadata("/proc/self")?.uid();
    let places = std::env::temp_dir().join(format!("studio-test-ports-{user}"));
    std::fs::create_dir_all(&places)?;
    let first = std::process::id() % 120 * 100;
    for _ in 0..12_000 {
        let at = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(20_000 + at % 12_000).unwrap_or(u16::MAX);
        let place = File::create(places.join(port.to_string()))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if place.try_lock().is_ok() && TcpListener::bind(address).is_ok() {
            OURS.lock().unwrap_or_else(PoisonError::into_inner).push(place);
            return Ok(address);
        }
    }
    Err(io::Error::other("no port is free"))
}
