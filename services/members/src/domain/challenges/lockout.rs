use chrono::Duration;
use kernel::Timestamp;

use crate::domain::Refusal;

/// How many wrong attempts within which time lock for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutRules {
    pub most_wrong: i32,
    pub window: Duration,
    pub lock: Duration,
}

/// Wrong attempts against one subject, over all its challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    pub wrong: i32,
    /// When the first of them was made.
    pub since: Timestamp,
    pub locked_until: Option<Timestamp>,
}

impl Lockout {
    pub fn none(now: Timestamp) -> Self {
        Self {
            wrong: 0,
            since: now,
            locked_until: None,
        }
    }

    /// Refuses while locked.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.locked_until {
            Some(until) if now < until => Err(Refusal::LockedOut {
                retry_after: until - now,
            }),
            _ => Ok(()),
        }
    }

    /// One more wrong attempt.
    #[must_use]
    pub fn count(self, now: Timestamp, rules: LockoutRules) -> Self {
        let start = if now - self.since > rules.window {
            Self::none(now)
        } else {
            self
        };
        let wrong = start.wrong.saturating_add(1);
        if wrong < rules.most_wrong {
            return Self { wrong, ..start };
        }
        Self {
            wrong: 0,
            since: now,
            locked_until: Some(now + rules.lock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> LockoutRules {
        LockoutRules {
            most_wrong: 3,
            window: Duration::minutes(10),
            lock: Duration::minutes(30),
        }
    }

    fn at(minute: i64) -> Timestamp {
        "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap() + Duration::minutes(minute)
    }

    #[test]
    fn the_third_wrong_attempt_in_the_window_locks_and_the_lock_ends() {
        let two = Lockout::none(at(0)).count(at(0), rules()).count(at(1), rules());
        assert_eq!(two.check(at(1)), Ok(()));
        let three = two.count(at(2), rules());
        assert_eq!(
            three.check(at(2)),
            Err(Refusal::LockedOut {
                retry_after: Duration::minutes(30)
            })
        );
        assert_eq!(three.check(at(32)), Ok(()));
    }

    #[test]
    fn attempts_far_apart_do_not_add_up() {
        let lockout = Lockout::none(at(0))
            .count(at(0), rules())
            .count(at(1), rules())
            .count(at(20), rules());
        assert_eq!((lockout.wrong, lockout.locked_until), (1, None));
    }
}
