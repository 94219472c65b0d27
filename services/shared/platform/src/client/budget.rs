use std::sync::atomic::{AtomicI64, Ordering};

use crate::config::Retry;

/// A retry costs as much as this many hundredths of a call bring in.
const PRICE: i64 = 100;

/// Retries in proportion to calls, so that a peer that is down is not also
/// stormed: every call brings in a few hundredths of a retry.
#[derive(Debug)]
pub(super) struct Budget {
    hundredths: AtomicI64,
    most: i64,
    income: i64,
}

impl Budget {
    pub(super) fn new(retry: &Retry) -> Self {
        let most = i64::from(retry.budget_reserve.max(1)) * PRICE;
        Self {
            hundredths: AtomicI64::new(most),
            most,
            income: i64::from(retry.budget_percent),
        }
    }

    pub(super) fn earn(&self) {
        self.change(|have| Some((have + self.income).min(self.most)));
    }

    /// Whether a retry can be paid for, and pays.
    pub(super) fn spend(&self) -> bool {
        self.change(|have| (have >= PRICE).then(|| have - PRICE))
    }

    fn change(&self, by: impl FnMut(i64) -> Option<i64>) -> bool {
        self.hundredths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, by)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_end_with_the_reserve_and_come_back_with_calls() {
        let retry = Retry {
            attempts: 3,
            backoff_ms: 1,
            budget_percent: 20,
            budget_reserve: 2,
        };
        let budget = Budget::new(&retry);
        assert!(budget.spend() && budget.spend());
        assert!(!budget.spend());
        (0..4).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend());
    }
}
