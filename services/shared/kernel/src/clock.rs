use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;

/// A moment, in UTC.
pub type Timestamp = DateTime<Utc>;
/// A day in a studio's own zone.
pub type BusinessDay = NaiveDate;

/// Business time: the machine's clock plus an offset that staging and tests
/// move. Copies share the offset. Leases, tokens, TLS and channels use
/// [`Clock::real`] instead.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Business time, in whole microseconds as PostgreSQL keeps it.
    pub fn now(&self) -> Timestamp {
        Self::real() + Duration::milliseconds(self.offset_ms.load(Ordering::Relaxed))
    }

    /// The machine's time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub fn real() -> Timestamp {
        let now = Utc::now();
        Utc.timestamp_micros(now.timestamp_micros())
            .single()
            .unwrap_or(now)
    }

    /// How far business time is ahead of the machine's, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Sets how far business time is ahead of the machine's, in milliseconds.
    pub fn set_offset_ms(&self, offset: i64) {
        self.offset_ms.store(offset, Ordering::Relaxed);
    }

    /// The business day on which `at` falls in `zone`.
    pub fn day_in(at: Timestamp, zone: Tz) -> BusinessDay {
        at.with_timezone(&zone).date_naive()
    }
}

/// `None` when the message is absent or no valid time.
pub fn from_proto_time(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    let time = time?;
    Utc.timestamp_opt(time.seconds, u32::try_from(time.nanos).ok()?)
        .single()
}

pub fn to_proto_time(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_moves_with_its_original() {
        let clock = Clock::default();
        let copy = clock.clone();
        clock.set_offset_ms(86_400_000);
        assert!(copy.now() - Clock::real() > Duration::hours(23));
    }

    #[test]
    fn proto_times_survive_the_way_there_and_back() {
        let now = Clock::real();
        assert_eq!(from_proto_time(Some(&to_proto_time(now))), Some(now));
    }

    #[test]
    fn a_day_begins_at_midnight_in_the_studios_zone() {
        let at = Utc.with_ymd_and_hms(2026, 11, 21, 16, 30, 0).single();
        assert_eq!(
            at.map(|at| Clock::day_in(at, chrono_tz::Asia::Shanghai)),
            NaiveDate::from_ymd_opt(2026, 11, 22)
        );
    }
}
