//! The refund policy: a dated ratio table that is never changed.

use kernel::{LegalEntityId, PersonId, PolicyId, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::words::words;

words! {
    /// Why money is asked back (退费条件).
    Reason {
        ServiceNotAsExpected = "service_not_as_expected",
        Personal = "personal",
        NotDelivered = "not_delivered",
        Other = "other",
    }
    /// How much of what was bought a rule wants to have been used.
    Usage {
        Any = "any",
        None = "none",
        Partly = "partly",
    }
    /// What a ratio is taken of.
    Base {
        Paid = "paid",
        Unused = "unused",
    }
    /// A way on which money goes back.
    Method {
        Origin = "origin",
    }
}

/// A line of the ratio table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub code: String,
    /// None means any.
    pub reasons: Vec<Reason>,
    /// Days after the payment; 0 means without limit.
    pub within_days: i32,
    pub usage: Usage,
    pub base: Base,
    /// From 0 to 1.
    pub ratio: Decimal,
    /// Taken off afterwards, in fen.
    pub fee_minor: i64,
}

/// What of a purchase has been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Something of it was used at all.
    pub any: bool,
    /// From 0 to 1: the larger of the share of validity gone and of uses taken.
    pub share: Decimal,
    /// How often anything of it was used. Coming with a benefit without limit
    /// shows nowhere else.
    #[serde(default)]
    pub times: i64,
}

impl Used {
    pub const NOTHING: Self = Self {
        any: false,
        share: Decimal::ZERO,
        times: 0,
    };
}

impl Rule {
    fn fits(&self, reason: Reason, used: Used, paid_at: Timestamp, now: Timestamp) -> bool {
        let days = chrono::Duration::days(self.within_days.into());
        let usage = match self.usage {
            Usage::Any => true,
            Usage::None => !used.any,
            Usage::Partly => used.any && used.share < Decimal::ONE,
        };
        usage
            && (self.reasons.is_empty() || self.reasons.contains(&reason))
            && (self.within_days == 0 || now <= paid_at + days)
    }
}

/// One version of the refund policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub id: PolicyId,
    /// None means the whole operator.
    pub legal_entity: Option<LegalEntityId>,
    /// From 1.
    pub number: i64,
    pub title: String,
    pub window_days: i32,
    pub rules: Vec<Rule>,
    pub methods: Vec<Method>,
    pub effective_from: Timestamp,
    pub published_by: PersonId,
    pub published_at: Timestamp,
}

impl Policy {
    /// A new version takes effect now or later, and after the version before.
    pub fn publishable(&self, before: Option<Timestamp>) -> Result<(), Refusal> {
        if self.effective_from < self.published_at
            || before.is_some_and(|before| self.effective_from <= before)
        {
            return Err(Refusal::BackDated);
        }
        let mut codes: Vec<&str> = self.rules.iter().map(|rule| rule.code.as_str()).collect();
        codes.sort_unstable();
        match codes.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Refusal::DuplicateRule {
                code: pair[0].to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Until when money can be asked back.
    pub fn window_ends(&self, paid_at: Timestamp) -> Timestamp {
        paid_at + chrono::Duration::days(self.window_days.into())
    }

    /// The first line that fits.
    pub fn rule(&self, reason: Reason, used: Used, paid_at: Timestamp, now: Timestamp) -> Option<&Rule> {
        self.rules
            .iter()
            .find(|rule| rule.fits(reason, used, paid_at, now))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use chrono::Duration;
    use kernel::Clock;

    pub fn rule(code: &str, ratio: &str) -> Rule {
        Rule {
            code: code.to_owned(),
            reasons: vec![],
            within_days: 0,
            usage: Usage::Any,
            base: Base::Unused,
            ratio: ratio.parse().unwrap(),
            fee_minor: 0,
        }
    }

    pub fn policy(rules: Vec<Rule>) -> Policy {
        let now = Clock::real();
        Policy {
            id: PolicyId::fresh(),
            legal_entity: None,
            number: 1,
            title: "standard".to_owned(),
            window_days: 90,
            rules,
            methods: vec![Method::Origin],
            effective_from: now,
            published_by: PersonId::fresh(),
            published_at: now,
        }
    }

    #[test]
    fn the_first_fitting_line_decides() {
        let unused = Rule {
            usage: Usage::None,
            within_days: 7,
            ..rule("cooling-off", "1")
        };
        let failed = Rule {
            reasons: vec![Reason::ServiceNotAsExpected],
            ..rule("not-as-expected", "0.9")
        };
        let policy = policy(vec![unused, failed, rule("standard", "0.8")]);
        let paid = Clock::real();
        let some = Used {
            any: true,
            share: Decimal::new(1, 1),
            times: 1,
        };
        let code = |reason, used, days| {
            policy
                .rule(reason, used, paid, paid + Duration::days(days))
                .map(|r| r.code.clone())
                .unwrap()
        };
        assert_eq!(code(Reason::Personal, Used::NOTHING, 7), "cooling-off");
        assert_eq!(code(Reason::Personal, Used::NOTHING, 8), "standard");
        assert_eq!(code(Reason::ServiceNotAsExpected, some, 3), "not-as-expected");
        assert_eq!(code(Reason::Personal, some, 3), "standard");
    }

    #[test]
    fn a_line_for_partly_used_fits_neither_nothing_nor_everything() {
        let policy = policy(vec![Rule {
            usage: Usage::Partly,
            ..rule("partly", "0.5")
        }]);
        let now = Clock::real();
        let fits = |any, share| {
            policy
                .rule(Reason::Personal, Used { any, share, times: 1 }, now, now)
                .is_some()
        };
        assert!(!fits(false, Decimal::new(3, 1)));
        assert!(fits(true, Decimal::new(3, 1)));
        assert!(!fits(true, Decimal::ONE));
    }

    #[test]
    fn a_version_is_never_back_dated_nor_before_the_last() {
        let good = policy(vec![rule("standard", "1")]);
        let past = Policy {
            effective_from: good.published_at - Duration::seconds(1),
            ..good.clone()
        };
        assert_eq!(past.publishable(None), Err(Refusal::BackDated));
        assert_eq!(
            good.publishable(Some(good.effective_from)),
            Err(Refusal::BackDated)
        );
        assert_eq!(
            good.publishable(Some(good.effective_from - Duration::days(1))),
            Ok(())
        );
    }

    #[test]
    fn two_lines_of_one_name_are_refused() {
        let twice = policy(vec![rule("standard", "1"), rule("standard", "0.5")]);
        assert_eq!(
            twice.publishable(None),
            Err(Refusal::DuplicateRule {
                code: "standard".to_owned()
            })
        );
    }
}
