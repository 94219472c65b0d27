use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Rate;

/// How many callers are remembered, in all shards together.
const REMEMBERED: usize = 65_536;
const SHARDS: usize = 16;
/// How often those who are paid up are looked for in a shard that is full.
const SWEEP: u64 = 1_000_000;
/// Stands for everybody for whom there was no room.
const OTHERS: u64 = 0;

/// So much a caller may ask: one call every so often, and some at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measure {
    /// Microseconds that one call costs.
    pub every: u64,
    /// Microseconds that may be spent in advance.
    pub burst: u64,
}

impl Measure {
    /// None when there is no limit.
    pub(crate) fn of(rate: Rate) -> Option<Self> {
        let every = 1_000_000_u64.checked_div(u64::from(rate.per_second))?.max(1);
        let burst = every * u64::from(rate.burst.max(1));
        Some(Self { every, burst })
    }

    /// So many hundredths of it, but always something.
    pub(crate) fn percent(self, percent: u64) -> Self {
        let percent = percent.clamp(1, 100);
        let calls = (self.burst / self.every * percent / 100).max(1);
        let every = self.every * 100 / percent;
        Self {
            every,
            burst: every * calls,
        }
    }

    /// Takes one call from a caller whose calls so far are paid until `paid`:
    /// until when they are then, or how long they must wait.
    fn take(self, paid: u64, now: u64) -> Result<u64, Duration> {
        let next = paid.max(now) + self.every;
        match (next - now).checked_sub(self.burst) {
            None | Some(0) => Ok(next),
            Some(wait) => Err(Duration::from_micros(wait)),
        }
    }
}

/// The measures of many callers in this process: for each, until when what
/// they asked is paid for. Who is all paid up needs no entry, and if all
/// entries are taken, the callers beyond share one.
pub(crate) struct Buckets {
    since: Instant,
    hash: RandomState,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Default)]
struct Shard {
    /// By the hash of a caller: until when they have paid, in microseconds.
    paid: HashMap<u64, u64>,
    swept: u64,
}

impl Shard {
    fn has_room_for(&mut self, caller: u64, now: u64) -> bool {
        let full = self.paid.len() >= REMEMBERED / SHARDS;
        if full && now >= self.swept + SWEEP {
            self.swept = now;
            self.paid.retain(|_, until| *until > now);
        }
        self.paid.len() < REMEMBERED / SHARDS || self.paid.contains_key(&caller)
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            hash: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl Buckets {
    /// Takes one call of `caller`, or says how long they must wait.
    pub(crate) fn take(&self, caller: &str, measure: Measure) -> Result<(), Duration> {
        let now = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX / 2);
        self.take_at(now, caller, measure)
    }

    fn take_at(&self, now: u64, caller: &str, measure: Measure) -> Result<(), Duration> {
        let hash = self.hash.hash_one(caller);
        let shard = usize::try_from(hash).unwrap_or_default() % SHARDS;
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let caller = if shard.has_room_for(hash, now) {
            hash
        } else {
            OTHERS
        };
        let until = shard.paid.entry(caller).or_insert(0);
        *until = measure.take(*until, now)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(per_second: u32, burst: u32) -> Measure {
        Measure::of(Rate { per_second, burst }).unwrap()
    }

    fn taken(buckets: &Buckets, ms: u64, caller: &str, measure: Measure) -> usize {
        let take = |_: &usize| buckets.take_at(ms * 1000, caller, measure).is_ok();
        (0..1000).take_while(take).count()
    }

    #[test]
    fn a_caller_gets_the_burst_at_once_and_then_the_rate() {
        let buckets = Buckets::default();
        let ten = measure(10, 5);
        assert_eq!(taken(&buckets, 0, "lin", ten), 5);
        assert_eq!(taken(&buckets, 0, "wu", ten), 5, "each has their own");
        assert_eq!(taken(&buckets, 200, "lin", ten), 2);
        assert_eq!(taken(&buckets, 600_000, "lin", ten), 5);
    }

    #[test]
    fn who_waits_as_long_as_told_is_served() {
        let buckets = Buckets::default();
        let ten = measure(10, 1);
        buckets.take_at(0, "lin", ten).unwrap();
        let wait = buckets.take_at(30_000, "lin", ten).unwrap_err();
        assert_eq!(wait, Duration::from_millis(70));
        buckets.take_at(99_999, "lin", ten).unwrap_err();
        buckets.take_at(100_000, "lin", ten).unwrap();
    }

    #[test]
    fn a_part_of_a_measure_is_slower_and_bursts_less() {
        assert_eq!(measure(100, 10).percent(50), measure(50, 5));
        assert_eq!(measure(10, 1).percent(50), measure(5, 1));
        let none = Rate {
            per_second: 0,
            burst: 9,
        };
        assert_eq!(Measure::of(none), None);
    }

    #[test]
    fn however_many_call_the_memory_is_bounded() {
        let buckets = Buckets::default();
        let slow = measure(1, 1);
        let entries = || -> usize { buckets.shards.iter().map(|s| s.lock().unwrap().paid.len()).sum() };
        for n in 0..REMEMBERED * 2 {
            buckets.take_at(0, &n.to_string(), slow).unwrap_or_default();
        }
        assert!(entries() <= REMEMBERED + SHARDS);
        for n in 0..1000 {
            buckets
                .take_at(60_000_000, &format!("later {n}"), slow)
                .unwrap_or_default();
        }
        assert!(entries() <= 1000 + SHARDS, "who is all paid up is forgotten");
    }
}
