//! Chance that can be had again, and how large a run is.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// How many times larger than an ordinary run this one is: `FAULTS_SCALE`.
#[expect(clippy::disallowed_methods, reason = "a run is scaled from outside")]
pub fn scale() -> usize {
    std::env::var("FAULTS_SCALE")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1)
}

/// How many of something: so many in an ordinary run, and in a larger one so many
/// for each step of its scale.
pub fn amount(ordinary: usize, each: usize) -> usize {
    match scale() {
        1 => ordinary,
        more => each * more,
    }
}

/// The seed of a suite: `FAULTS_SEED`, else a new one. It is printed, since it
/// decides what is done and what breaks.
#[expect(clippy::disallowed_methods, reason = "a run is repeated from outside")]
pub fn seed(suite: &str) -> u64 {
    let seed = std::env::var("FAULTS_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| kernel::fresh_uuid().as_u64_pair().1);
    println!("{suite}: FAULTS_SEED={seed} FAULTS_SCALE={}", scale());
    seed
}

/// Chance that can be had again by its printed seed.
pub fn chance(suite: &str) -> StdRng {
    StdRng::seed_from_u64(seed(suite))
}
