//! What every service stands on. A service brings its rules; everything that
//! is the same for all of them, and must never be forgotten, is done here once.

pub mod access;
pub mod audit;
mod beside;
pub mod caller;
pub mod checks;
pub mod client;
pub mod config;
pub mod crash;
pub mod database;
pub mod door;
mod error;
pub mod feed;
mod hints;
pub mod import;
pub mod keys;
pub mod limits;
pub(crate) mod operations;
pub mod organisation;
pub mod outbox;
pub mod page;
pub mod personal;
mod platform;
mod retention;
pub mod run;
pub mod subscription;
mod sweep;
pub mod tasks;
pub mod telemetry;
pub mod token;
pub mod transaction;
pub mod vault;

pub use beside::BesideTx;
pub use caller::{Caller, Person, Studios};
pub use checks::{Check, Invariant, Tally};
pub use client::{Peer, request, request_for};
pub use door::{Answers, answer, answer_stream};
pub use error::{Error, Refused, SHARED_DOMAIN, inconsistent, on_constraint};
pub use futures::future::BoxFuture;
pub use outbox::Fact;
pub use platform::{Platform, Service, Tuning, all_migrations};
pub use run::{Listener, Only, Running, run_blocking};
pub use subscription::{Delivery, Subscription};
pub use tasks::{NewTask, Settled, Task, TaskKind};
pub use transaction::{Asked, Claim, Done, ReadTx, SystemTx, TogetherTx, WriteTx};
