use chrono::Duration;
use serde::Deserialize;

use crate::domain::order::Times;

/// What orders can be told; `config.toml` says what each means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub terms_version: String,
    pub draft_hours: u32,
    pub quote_hours: u32,
    pub acceptance_hours: u32,
    pub payment_hours: u32,
    pub information_hours: u32,
    pub first_review_hours: u32,
    pub submit_hours: u32,
    pub approval_hours: u32,
    pub fulfilment_minutes: u32,
    pub payment_wait_ms: u64,
}

impl Config {
    /// Fails naming the setting that makes no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.terms_version.is_empty(),
            "service.terms_version must not be empty"
        );
        for (name, hours) in [
            ("draft_hours", self.draft_hours),
            ("quote_hours", self.quote_hours),
            ("acceptance_hours", self.acceptance_hours),
            ("payment_hours", self.payment_hours),
            ("information_hours", self.information_hours),
        ] {
            anyhow::ensure!(hours > 0, "service.{name} must be above zero");
        }
        anyhow::ensure!(
            self.payment_wait_ms <= 10_000,
            "service.payment_wait_ms must be at most 10000"
        );
        Ok(())
    }

    pub fn times(&self) -> Times {
        let hours = |hours: u32| Duration::hours(i64::from(hours));
        Times {
            draft: hours(self.draft_hours),
            quote: hours(self.quote_hours),
            acceptance: hours(self.acceptance_hours),
            payment: hours(self.payment_hours),
            information: hours(self.information_hours),
            first_review: hours(self.first_review_hours),
            submit: hours(self.submit_hours),
            approval: hours(self.approval_hours),
            fulfilment: Duration::minutes(i64::from(self.fulfilment_minutes)),
        }
    }
}
