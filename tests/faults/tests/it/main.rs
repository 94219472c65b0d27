//! Faults on purpose. The seed of each run is printed; `FAULTS_SEED` repeats
//! one, `FAULTS_SCALE` multiplies the small numbers of an ordinary run.
#![cfg(test)]

mod cancelled_begin;
mod cancelled_calls;
mod hostile;

use rand::SeedableRng;
use rand::rngs::StdRng;

/// How many times larger than an ordinary run this one is.
#[expect(clippy::disallowed_methods, reason = "a run is scaled from outside")]
fn scale() -> usize {
    std::env::var("FAULTS_SCALE")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1)
}

/// Chance that can be had again by its printed seed.
#[expect(clippy::disallowed_methods, reason = "a run is repeated from outside")]
fn chance(suite: &str) -> StdRng {
    let fresh = || u64::from_be_bytes(*kernel::fresh_uuid().as_bytes().last_chunk().unwrap());
    let seed = std::env::var("FAULTS_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(fresh);
    println!("{suite}: FAULTS_SEED={seed} FAULTS_SCALE={}", scale());
    StdRng::seed_from_u64(seed)
}
