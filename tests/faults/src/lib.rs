//! Faults on purpose: the house as processes, journeys through it, what breaks
//! on the way, and what must hold when all is quiet again. See README.md.

pub mod check;
pub mod client;
pub mod crashes;
pub mod failover;
pub mod faults;
pub mod history;
pub mod house;
pub mod journey;
pub mod lost;
pub mod park;
pub mod parted;
pub mod patience;
pub mod place;
pub mod postgres;
pub mod process;
pub mod proxy;
mod quiet;
pub mod redis;
pub mod settings;
pub mod streams;
pub mod witnesses;
pub mod workload;

pub use journeys::seed;
