use chrono::{Duration, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use kernel::{Clock, Timestamp};

/// The product's rule for when validity begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidityStart {
    AtPayment,
    AtActivation,
    AtFirstVisit,
}

impl ValidityStart {
    pub const ALL: [Self; 3] = [Self::AtPayment, Self::AtActivation, Self::AtFirstVisit];

    /// As it is kept: `at_payment`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtPayment => "at_payment",
            Self::AtActivation => "at_activation",
            Self::AtFirstVisit => "at_first_visit",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|start| start.as_str() == text)
    }
}

/// From when to when something is valid; the end itself is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Validity {
    /// `days` business days in `zone`, the day of `from` being the first.
    pub fn of_days(from: Timestamp, days: u32, zone: Tz) -> Self {
        let first = Clock::day_in(from, zone);
        let after = first
            .checked_add_days(chrono::Days::new(u64::from(days)))
            .unwrap_or(first);
        Self {
            from,
            until: midnight(after, zone),
        }
    }

    /// Days left, today included; 0 after the end.
    pub fn remaining_days(&self, now: Timestamp, zone: Tz) -> u32 {
        if now >= self.until {
            return 0;
        }
        let last = Clock::day_in(self.until - Duration::microseconds(1), zone);
        let days = (last - Clock::day_in(now, zone)).num_days() + 1;
        u32::try_from(days).unwrap_or_default()
    }
}

/// The beginning of a day where people live; where a zone skips midnight, the
/// first moment that exists.
fn midnight(day: kernel::BusinessDay, zone: Tz) -> Timestamp {
    let local = day.and_time(NaiveTime::MIN);
    zone.from_local_datetime(&local)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(local + Duration::hours(1))).earliest())
        .map_or_else(|| Utc.from_utc_datetime(&local), |at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Shanghai;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_on_which_validity_begins_is_the_first_of_it() {
        let year = Validity::of_days(at("2026-11-21T15:59:00Z"), 365, Shanghai); // 23:59 in Shanghai
        assert_eq!(year.until, at("2027-11-20T16:00:00Z"));
        assert_eq!(year.remaining_days(year.from, Shanghai), 365);
    }

    #[test]
    fn remaining_days_count_today_and_end_with_the_last_second() {
        let validity = Validity::of_days(at("2026-11-21T04:00:00Z"), 2, Shanghai);
        assert_eq!(validity.remaining_days(at("2026-11-21T04:00:00Z"), Shanghai), 2);
        assert_eq!(validity.remaining_days(at("2026-11-22T15:59:59Z"), Shanghai), 1);
        assert_eq!(validity.remaining_days(at("2026-11-22T16:00:00Z"), Shanghai), 0);
    }

    #[test]
    fn a_zone_that_skips_midnight_still_has_a_beginning_of_its_day() {
        let day = kernel::BusinessDay::from_ymd_opt(2018, 11, 4).unwrap();
        assert_eq!(
            midnight(day, chrono_tz::America::Sao_Paulo),
            at("2018-11-04T03:00:00Z")
        );
    }
}
