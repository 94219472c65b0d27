//! How long facts of each source have waited to be applied here, as far as
//! this process knows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A source that was not heard for so long is behind, whatever it said last:
/// longer than any pull waits.
const SILENCE: Duration = Duration::from_secs(25);

/// What the last successful pull of each source told.
#[derive(Default)]
pub(crate) struct Lags(Mutex<HashMap<&'static str, Lag>>);

#[derive(Clone, Copy)]
struct Lag {
    told: Instant,
    /// Facts that were not applied then, and how long the first had waited.
    facts: i64,
    age: Duration,
}

impl Lag {
    fn age(self) -> Duration {
        let since = self.told.elapsed();
        match self.facts {
            0 if since < SILENCE => Duration::ZERO,
            0 => since,
            _ => self.age + since,
        }
    }
}

impl Lags {
    /// A source is followed: from now on its silence counts.
    pub(super) fn tries(&self, source: &'static str) {
        self.lock().entry(source).or_insert(Lag {
            told: Instant::now(),
            facts: 0,
            age: Duration::ZERO,
        });
    }

    pub(super) fn pulled(&self, source: &'static str, facts: i64, age_ms: i64) {
        let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or_default());
        let told = Instant::now();
        self.lock().insert(source, Lag { told, facts, age });
    }

    /// Facts and milliseconds that each source is ahead.
    pub(crate) fn all(&self) -> Vec<(&'static str, u64, u64)> {
        let number = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
        self.lock()
            .iter()
            .map(|(source, lag)| {
                let facts = u64::try_from(lag.facts).unwrap_or_default();
                (*source, facts, number(lag.age().as_millis()))
            })
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Lag>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_without_news_is_not_behind_and_one_with_facts_is() {
        let lags = Lags::default();
        lags.tries("payments");
        assert_eq!(lags.all(), [("payments", 0, 0)]);
        lags.pulled("payments", 3, 1500);
        let (_, facts, age) = lags.all()[0];
        assert!(facts == 3 && age >= 1500, "{facts} {age}");
        lags.tries("payments");
        assert_eq!(lags.all()[0].1, 3);
    }

    #[test]
    fn silence_counts_as_being_behind() {
        let silent = Lag {
            told: Instant::now().checked_sub(SILENCE * 2).unwrap(),
            facts: 0,
            age: Duration::ZERO,
        };
        assert!(silent.age() >= SILENCE);
    }
}
