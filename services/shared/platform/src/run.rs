//! The life of a process: what it was told, its schema, its doors, its
//! background work, and an orderly end.

mod assemble;
mod background;
mod beside;
mod command;
mod connections;
mod migrate;
mod reports;
mod running;
mod serve;

use std::net::SocketAddr;
use std::time::Duration;

pub use command::run_blocking;
pub use migrate::{migrate, schema_is_current};
pub use running::{Only, Running};

pub(crate) use background::background;

/// A door beside gRPC, as for the callbacks of a channel.
pub struct Listener {
    pub name: &'static str,
    pub address: SocketAddr,
    pub router: axum::Router,
    pub limits: ListenerLimits,
}

/// What whoever knocks at a door beside gRPC may take, whatever it asks.
#[derive(Debug, Clone, Copy)]
pub struct ListenerLimits {
    /// At a time; one more is closed at once.
    pub connections: usize,
    /// From the beginning of a connection, or the end of an answer on it, to the
    /// end of a request's head.
    pub head: Duration,
    /// A larger head is refused.
    pub head_bytes: usize,
}

/// Of every program of the house: the usual one spends a tenth of a busy
/// service's time on finding memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
