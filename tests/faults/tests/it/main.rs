//! Faults on purpose. The seed of each run is printed; `FAULTS_SEED` repeats
//! one, `FAULTS_SCALE` multiplies the small numbers of an ordinary run.
#![cfg(test)]

mod cancelled_begin;
mod cancelled_calls;
mod crash_points;
mod failover;
mod hostile;
mod kills;
mod lines;
mod outages;
mod overload;
mod restore;

use faults::seed::{amount, chance, scale};

/// Every service in one program.
const HOUSE: &str = env!("CARGO_BIN_EXE_house");
