//! One-time codes and counted attempts.

mod challenge;
mod lockout;

pub use challenge::{asked_since, forget_code, get, insert, lock, remove, reveal, save};
pub use lockout::{clear, lock as lock_lockout, save as save_lockout};
